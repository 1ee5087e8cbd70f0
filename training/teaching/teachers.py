"""Public detectors of COCO's 80 classes, asked for all that they see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from belisha.boxes import FloatArray
from belisha.errors import UsageError
from belisha.frames import Image

SIDE = 416
"""Of the views that teachers look at, in pixels."""
CLASSES = 80
STRIDES = (16, 32, 64)
"""Of the teachers' cells that are kept, in pixels of their view; the finest level, of stride 8, is
merged into the first of these."""
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
"""Of ImageNet, in BGR, as NanoDet and PicoDet were trained with."""


@dataclass(frozen=True)
class Level:
    """Cells of one stride: where they stand among all of a teacher's answers."""

    side: int
    first: int

    @property
    def stop(self) -> int:
        """Behind the last."""
        return self.first + self.side**2


def levels(count: int = len(STRIDES)) -> tuple[Level, ...]:
    """The first `count` levels of a view, finest first."""
    found, first = [], 0
    for stride in STRIDES[:count]:
        level = Level(-(-SIDE // stride), first)
        found.append(level)
        first = level.stop
    return tuple(found)


class Teacher:
    """NanoDet or PicoDet at 416x416, as published in ONNX.

    Args:
        path: of the model; its outputs are scores (1, cells, 80) a stride from 8 on, then boxes.
        threads: of ONNX Runtime.

    Attributes:
        depth: how many of `STRIDES` it has.

    Raises:
        UsageError: the file is no such model.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has no common class of its errors
            raise UsageError(f"{path}: expected an ONNX model, got {error}") from error
        self.name = path.stem
        self._input = self._session.get_inputs()[0].name
        outputs = self._session.get_outputs()
        self._outputs = [output.name for output in outputs if output.shape[-1] == CLASSES]
        self.depth = len(self._outputs) - 1
        wanted = [(SIDE // 8) ** 2, *(level.side**2 for level in levels(max(self.depth, 0)))]
        came = [output.shape[1] for output in outputs if output.shape[-1] == CLASSES]
        if self.depth < 1 or came != wanted:
            raise UsageError(
                f"{path}: expected scores of {CLASSES} classes at strides from 8 on for a view of "
                f"{SIDE} pixels, got levels of {came} cells: give NanoDet-m or PicoDet-S at 416"
            )

    def __call__(self, view_bgr: Image) -> FloatArray:
        """What it sees.

        Args:
            view_bgr: (416, 416, 3) uint8.

        Returns:
            (cells, 80) float32 probabilities, level by level as `levels(depth)` says.
        """
        planes = ((view_bgr.astype(np.float32) - _MEAN) / _DEVIATION).transpose(2, 0, 1)
        fine, *scores = self._session.run(self._outputs, {self._input: planes[None]})
        scores[0] = np.maximum(scores[0], _halved(fine))
        answers: FloatArray = np.concatenate(scores, axis=1)[0].astype(np.float32)
        return answers


def _halved(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, (2n)^2, C) -> (1, n^2, C), the most of four cells."""
    side = round(scores.shape[1] ** 0.5)
    cells = scores.reshape(1, side // 2, 2, side // 2, 2, -1)
    merged: NDArray[np.float32] = cells.max(axis=(2, 4)).reshape(1, (side // 2) ** 2, -1)
    return merged
