"""What this machine computes of the shipped drive, step by step, as one line of digests a frame.

Usage: python outputs.py FRAMES > outputs.jsonl

It needs nothing but the installed runtime, so that the same file runs on the host and, with the
package's own libraries, on the device. `python -m jetson compare` looks at two results.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys

import numpy as np

from belisha.cameras.video import VideoFile
from belisha.champion import CLIP
from belisha.detector import Detector

ENGINE = "onnxruntime"


def main(frames: int) -> None:
    """Print the machine, then a line a frame."""
    video = VideoFile(CLIP, CLIP.name)
    with Detector.open(engine=ENGINE, threads=1) as detector:
        engine = detector.info.engine
        head = {
            "machine": platform.machine(),
            "python": platform.python_version(),
            "bundle": detector.info.digest,
            "flavour": engine.flavour,
        }
        print(json.dumps(head), flush=True)
        for index in range(frames):
            frame = video.read()
            if frame is None:
                break
            print(json.dumps({"frame": index, **_steps(detector, frame.image_bgr)}), flush=True)


def _steps(detector: Detector, image_bgr: np.ndarray) -> dict[str, object]:
    """Digests of what each step makes, and how many people are found."""
    network_input, transform = detector.prepare(image_bgr)
    outputs = detector.infer(network_input)
    raw = {f"output {name}": _digest(array) for name, array in sorted(outputs.items())}
    boxes = detector.decode(outputs, transform)
    return {
        "picture": _digest(image_bgr),
        "input": _digest(network_input),
        **raw,
        "boxes": _digest(boxes.xyxy),
        "scores": _digest(boxes.scores),
        "people": len(boxes),
    }


def _digest(array: np.ndarray) -> str:
    """Of the bytes, kind and shape of an array."""
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()[:32]


if __name__ == "__main__":
    main(int(sys.argv[1]))
