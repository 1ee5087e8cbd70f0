"""Runs ByteTrack in an environment of its own; see `benchmarks.tracking.followers`.

Reads one JSON document from stdin: {"settings": {...}, "rate_hz": r, "drives": [[[[left, top,
right, bottom, score], ...] per frame] per drive]}. Writes one to stdout: likewise with an id in
place of the score, -1 for none, and the median seconds of an update. It imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np


def main() -> None:
    """Answer one order."""
    order = json.load(sys.stdin)
    spent: list[float] = []
    drives = [_follow(order, frames, spent) for frames in order["drives"]]
    json.dump({"drives": drives, "median_s": float(np.median(spent))}, sys.stdout)


def _follow(
    order: dict[str, Any], frames: list[Any], spent: list[float]
) -> list[list[list[float]]]:
    """Rows of left, top, right, bottom, id for each frame; appends the time of each update."""
    import supervision as sv  # type: ignore[import-not-found]
    from trackers import ByteTrackTracker  # type: ignore[import-not-found]

    tracker = ByteTrackTracker(frame_rate=order["rate_hz"], **order["settings"])
    answers = []
    for rows in frames:
        table = np.asarray(rows, np.float32).reshape(-1, 5)
        detections = sv.Detections(
            xyxy=table[:, :4], confidence=table[:, 4], class_id=np.zeros(len(table), int)
        )
        begun = time.perf_counter()
        found = tracker.update(detections)
        spent.append(time.perf_counter() - begun)
        ids = [] if found.tracker_id is None else found.tracker_id.tolist()
        pairs = zip(found.xyxy.tolist(), ids, strict=True)
        answers.append([[*box, identity] for box, identity in pairs])
    return answers


if __name__ == "__main__":
    main()
