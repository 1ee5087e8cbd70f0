"""OpenCV's HOG people detector as a contender; see `benchmarks.hog_worker` for the other side."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from belisha.bench.result import Subject
from belisha.bench.sampling import WarmUp
from belisha.boxes import Boxes, as_xyxy
from belisha.errors import EngineError
from belisha.frames import Image

PACKAGES = ("opencv-python-headless<5",)
ENVIRONMENT = "opencv4"
_WARM_UP_FRAMES = 5


class HogContender:
    """See `benchmarks.contender.Contender`."""

    def __init__(self, python: Path, frames: Sequence[Image]) -> None:
        """Start the process and hand it the frames.

        Args:
            python: interpreter of an environment with OpenCV 4.
            frames: (H, W, 3) uint8 BGR each, of one size.

        Raises:
            EngineError: it does not start.
        """
        worker = Path(__file__).with_name("hog_worker.py")
        self._process = subprocess.Popen(  # noqa: S603  # an interpreter that the user chose
            [str(python), str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        version = self._answer()["opencv"]
        height, width = frames[0].shape[:2]
        self.subject = Subject(
            name="OpenCV HOG",
            input=f"{width}x{height}",
            engine=f"OpenCV {version}, CPU, 1 threads",
            notes=("default people detector, stride 8, scale 1.05, in a process of its own",),
        )
        self._ask({"op": "load", "shape": [len(frames), height, width, 3]}, np.stack(frames))

    @property
    def detect(self) -> Callable[[Image], Boxes] | None:
        """See `Contender.detect`."""
        return self._detect

    def _detect(self, image_bgr: Image) -> Boxes:
        found = self._ask({"op": "detect", "shape": list(image_bgr.shape)}, image_bgr)
        return Boxes(as_xyxy(found["xyxy"]), np.asarray(found["scores"], np.float32))

    def warm_up(self) -> WarmUp:
        """See `Contender.warm_up`."""
        first_ms = self.run(0, _WARM_UP_FRAMES)["total"][0]
        return WarmUp(round(first_ms, 4), _WARM_UP_FRAMES)

    def run(self, first: int, count: int) -> Mapping[str, Sequence[float]]:
        """See `Contender.run`."""
        turns = self._ask({"op": "run", "first": first, "count": count})["turns"]
        searched, total = zip(*turns, strict=True)
        return {"infer": searched, "total": total}

    def close(self) -> None:
        """See `Contender.close`."""
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait(timeout=60)

    def _ask(self, order: dict[str, Any], image: Image | None = None) -> Any:
        """One order, one answer."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101  # it was opened as a pipe
        try:
            stdin.write(json.dumps(order).encode() + b"\n")
            if image is not None:
                stdin.write(np.ascontiguousarray(image).tobytes())
            stdin.flush()
        except BrokenPipeError as error:
            raise EngineError("OpenCV's HOG: its process has died") from error
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  # it was opened as a pipe
        line = self._process.stdout.readline()
        if not line:
            raise EngineError(
                "OpenCV's HOG: its process has died; its interpreter needs opencv-python-headless<5"
            )
        return json.loads(line)
