"""Publish decisions in ROS 2 as vision_msgs/Detection2DArray.

    python ros2_bridge.py /run/belisha/decisions.sock

Needs a sourced ROS 2 with vision_msgs. Boxes are in pixels of the frame; the stamp is that of the
capture.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from read_decisions import messages


def main() -> None:
    """Publish for ever."""
    import rclpy
    from vision_msgs.msg import Detection2DArray

    rclpy.init()
    node = rclpy.create_node("belisha")
    publisher = node.create_publisher(Detection2DArray, "people", 10)
    for message in messages(sys.argv[1]):
        if message is not None and message["kind"] == "decision":
            publisher.publish(as_array(message))


def as_array(message: dict[str, Any]) -> Any:
    """A decision as ROS knows it."""
    from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

    array = Detection2DArray()
    captured = datetime.fromisoformat(message["captured"])
    array.header.frame_id = "camera"
    array.header.stamp.sec = int(captured.timestamp())
    array.header.stamp.nanosec = captured.microsecond * 1000
    for person in message["people"]:
        left, top, width, height = person["box"]
        detection = Detection2D()
        detection.header = array.header
        detection.id = str(person.get("id", ""))
        detection.bbox.center.position.x = left + width / 2
        detection.bbox.center.position.y = top + height / 2
        detection.bbox.size_x, detection.bbox.size_y = width, height
        hypothesis = ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id = "person"
        hypothesis.hypothesis.score = person["score"]
        detection.results.append(hypothesis)
        array.detections.append(detection)
    return array


if __name__ == "__main__":
    main()
