"""OpenCV's HOG people detector, in a process of its own: OpenCV 5 no longer has it.

Run with an interpreter that has OpenCV 4. Speaks lines of JSON; a line that announces an image or
frames is followed by their bytes. Imports nothing of Belisha, so that its environment needs only
OpenCV.

    {"op": "load", "shape": [n, h, w, 3]} + bytes   keep n frames
    {"op": "run", "first": i, "count": n}           time n of them
    {"op": "detect", "shape": [h, w, 3]} + bytes    people in one image
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import cv2
import numpy as np

NMS_IOU = 0.6


def main() -> None:
    """Answer until the other side hangs up."""
    cv2.setNumThreads(1)
    hog: Any = cv2.HOGDescriptor()  # type: ignore[attr-defined]  # OpenCV 4 has it
    hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())  # type: ignore[attr-defined]
    frames: Any = ()
    _tell({"opencv": cv2.__version__})
    while line := sys.stdin.buffer.readline():
        order = json.loads(line)
        if order["op"] == "load":
            frames = _read(order["shape"])
            _tell({"frames": len(frames)})
        elif order["op"] == "run":
            wanted = range(order["first"], order["first"] + order["count"])
            _tell({"turns": [_turn(hog, frames[index % len(frames)]) for index in wanted]})
        else:
            xyxy, scores = _people(*_windows(hog, _read(order["shape"])))
            _tell({"xyxy": xyxy, "scores": scores})


def _turn(hog: Any, image: Any) -> tuple[float, float]:
    """Milliseconds of the search alone, and of the whole."""
    begun = time.perf_counter()
    found = _windows(hog, image)
    searched = time.perf_counter()
    _people(*found)
    return (searched - begun) * 1e3, (time.perf_counter() - begun) * 1e3


def _windows(hog: Any, image: Any) -> tuple[Any, Any]:
    """Windows (N, 4) x, y, width, height and their margins (N,)."""
    found, margins = hog.detectMultiScale(
        image, winStride=(8, 8), padding=(8, 8), scale=1.05, groupThreshold=0
    )
    return np.asarray(found).reshape(-1, 4), np.asarray(margins).ravel()


def _people(windows: Any, margins: Any) -> tuple[list[list[float]], list[float]]:
    """Suppression; the margin of the classifier, squashed, is the score."""
    scores = 1 / (1 + np.exp(-margins))
    kept = cv2.dnn.NMSBoxes(windows.tolist(), scores.tolist(), 0.0, NMS_IOU)
    order = [int(index) for index in np.asarray(kept).ravel()]
    xyxy = [
        [float(x), float(y), float(x + width), float(y + height)]
        for x, y, width, height in windows[order].tolist()
    ]
    return xyxy, [float(scores[index]) for index in order]


def _read(shape: list[int]) -> Any:
    data = sys.stdin.buffer.read(int(np.prod(shape)))
    return np.frombuffer(data, np.uint8).reshape(shape)


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
