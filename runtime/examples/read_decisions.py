"""Read decisions from the service's Unix socket.

    python read_decisions.py /run/belisha/decisions.sock

Needs nothing but Python. Start it before or after the service; nobody is waited for.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

SILENT_S = 2.0
"""A state comes every second: if none came for so long, the service itself is gone."""


def messages(path: str) -> Iterator[dict[str, Any] | None]:
    """Every message as it comes; `None` when none came for `SILENT_S`."""
    if os.path.exists(path):  # noqa: PTH110 - an example with few imports
        os.unlink(path)  # noqa: PTH108
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(path)
        bound.settimeout(SILENT_S)
        while True:
            try:
                yield json.loads(bound.recv(65536))
            except TimeoutError:
                yield None


def in_words(message: dict[str, Any] | None) -> str:
    """What a message says."""
    if message is None:
        return "the service is silent: nothing is known"
    if message["kind"] == "state":
        trouble = message["camera"]
        return f"camera: {trouble}: nothing is known" if trouble else "all is well"
    people = [person for person in message["people"] if not person.get("hidden_s")]
    metres = [person["distance_m"][0] for person in people if "distance_m" in person]
    known = [one for one in metres if one is not None]
    near = f", the nearest about {min(known):.0f} m away" if known else ""
    return f"frame {message['frame']}: {len(people)} people{near}, {message['age_ms']:.0f} ms old"


if __name__ == "__main__":
    for received in messages(sys.argv[1]):
        print(in_words(received), flush=True)
