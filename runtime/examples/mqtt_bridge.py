"""Hand decisions on to an MQTT broker.

    python mqtt_bridge.py /run/belisha/decisions.sock broker.local

Needs `pip install paho-mqtt`. Decisions go to belisha/DEVICE/decision, states to
belisha/DEVICE/state, the latter retained, so that whoever subscribes later knows how it stands.
"""

from __future__ import annotations

import json
import sys

from read_decisions import messages


def main() -> None:
    """Connect, then hand on for ever; the client reconnects by itself."""
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.will_set("belisha/bridge", "gone", retain=True)
    client.connect_async(sys.argv[2])
    client.loop_start()
    for message in messages(sys.argv[1]):
        if message is not None:
            topic = f"belisha/{message['device'] or 'car'}/{message['kind']}"
            client.publish(topic, json.dumps(message), retain=message["kind"] == "state")


if __name__ == "__main__":
    main()
