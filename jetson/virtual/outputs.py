"""What this machine computes of pictures, step by step, as one line of digests a frame.

Usage: python outputs.py pictures FRAMES drive.npy    the shipped drive, raw, on one machine
       python outputs.py run drive.npy > out.jsonl    on each

It needs nothing but the installed runtime, so that the same file runs on the host and, with the
package's own libraries, on the device. `python -m jetson compare` looks at two results. Pictures
travel raw, as a camera gives them: FFmpeg's conversion of video to BGR is not the same everywhere.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from pathlib import Path

import numpy as np

from belisha.cameras.video import VideoFile
from belisha.champion import CLIP
from belisha.detector import Detector

ENGINE = "onnxruntime"


def write_pictures(count: int, path: Path) -> None:
    """The first frames of the shipped drive, (N, H, W, 3) uint8 BGR."""
    video = VideoFile(CLIP, CLIP.name)
    frames = [frame.image_bgr for _ in range(count) if (frame := video.read()) is not None]
    np.save(path, np.stack(frames))


def run(pictures: Path) -> None:
    """Print the machine, then a line a frame."""
    with Detector.open(engine=ENGINE, threads=1) as detector:
        engine = detector.info.engine
        head = {
            "machine": platform.machine(),
            "python": platform.python_version(),
            "bundle": detector.info.digest,
            "flavour": engine.flavour,
        }
        print(json.dumps(head), flush=True)
        for index, image_bgr in enumerate(np.load(pictures, mmap_mode="r")):
            print(json.dumps({"frame": index, **_steps(detector, np.array(image_bgr))}), flush=True)


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
    if sys.argv[1] == "pictures":
        write_pictures(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        run(Path(sys.argv[2]))
