"""From the network's raw outputs to boxes.

Every model in a bundle has the same outputs, whatever detector it came from; foreign heads are
brought to this form when they are adopted. So a device has one decoding, and it touches only the
cells whose score passes the threshold.

Outputs, with N cells in all, strides in order and rows of cells in order within a stride:
    scores:     (1, N, 1) float32, a probability or a logit
    boxes:      (1, N, 4) or (1, N, 4 * bins) float32, in the form that `HeadLayout.boxes` names
    embeddings: (1, N, E) float32, only if `HeadLayout.embedding` is not 0
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import Boxes, FloatArray, cxcywh_to_xyxy, suppress
from belisha.calibration import OWN, Calibration, ScoreKind
from belisha.errors import EngineError
from belisha.frames import Preprocessing

SCORES, BOXES, EMBEDDINGS = "scores", "boxes", "embeddings"
"""Names of a model's outputs."""
_MAX_RAW = 1e6
"""No logit, no distance and no coordinate of a working model comes near."""


@dataclass(frozen=True, kw_only=True)
class HeadLayout:
    """What the numbers in a model's outputs mean.

    Attributes:
        boxes: `distances`: softplus of each number is a distance from the cell's centre to the
            left, top, right and bottom side, in strides; `bins`: each side is a distribution over
            `bins` whole strides and its mean the distance (Generalized Focal Loss, Li et al.
            2020); `cxcywh`: centre and size in network pixels.
        scores: `probability`, or `logit` where the sigmoid is left to the decoder.
        strides: pixels between cells, one entry a level; empty for `cxcywh`.
        bins: entries of each side's distribution; 0 unless `boxes` is `bins`.
        centre_offset: pixels added to a cell's centre (i + 0.5) * stride.
        nms_iou: overlap above which the weaker box of a pair is dropped; 1 keeps all.
        max_candidates: the most cells that reach the suppression, best first.
        max_boxes: the most boxes in a frame.
        embedding: length of the appearance vector of a cell; 0 if the model has none.
        calibration: what becomes of `scores` before anybody sees them.
    """

    boxes: Literal["distances", "bins", "cxcywh"]
    scores: ScoreKind
    strides: tuple[int, ...] = ()
    bins: int = 0
    centre_offset: float = 0.0
    nms_iou: float = 0.6
    max_candidates: int = 300
    max_boxes: int = 100
    embedding: int = 0
    calibration: Calibration = OWN

    def __post_init__(self) -> None:
        if (self.boxes == "cxcywh") == bool(self.strides):
            raise ValueError("expected strides for 'distances' and 'bins', none for 'cxcywh'")
        if any(stride < 1 for stride in self.strides):
            raise ValueError(f"expected strides of at least 1 pixel, got {self.strides}")
        if (self.boxes == "bins") != (self.bins >= 2):
            raise ValueError(f"expected bins >= 2 for 'bins' and 0 otherwise, got {self.bins}")
        if not 0 < self.nms_iou <= 1:
            raise ValueError(f"expected 0 < nms_iou <= 1, got {self.nms_iou}")
        if not 1 <= self.max_boxes <= self.max_candidates <= 10_000:
            raise ValueError("expected 1 <= max_boxes <= max_candidates <= 10000")
        if self.embedding < 0:
            raise ValueError(f"expected an embedding length >= 0, got {self.embedding}")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs that the model must have, in order."""
        return (SCORES, BOXES, EMBEDDINGS) if self.embedding else (SCORES, BOXES)


class Decoder:
    """`HeadLayout` for one input size; make it once, use it for every frame."""

    def __init__(self, layout: HeadLayout, preprocessing: Preprocessing) -> None:
        self.layout = layout
        self._centres, self._strides = cell_grid(layout, preprocessing)

    def __call__(self, outputs: Mapping[str, FloatArray], threshold: float) -> Boxes:
        """Boxes in network pixels with a score of at least `threshold`, best first.

        Args:
            outputs: arrays by name, shapes as in the head of this module.
            threshold: least score after calibration, a probability.

        Raises:
            EngineError: an output is absent, has another shape than the layout says, or holds NaN.
        """
        scores, raw = self._checked(outputs)
        if np.isnan(scores).any():
            raise EngineError("expected scores, got NaN: the model or its engine is broken")
        layout = self.layout
        cells = np.flatnonzero(scores >= layout.calibration.raw_threshold(threshold, layout.scores))
        if len(cells) == 0:
            return Boxes.empty()
        if len(cells) > layout.max_candidates:
            best = np.argsort(-scores[cells], kind="stable")[: layout.max_candidates]
            cells = cells[best]
        xyxy = self._boxes(raw[cells], cells)
        kept = suppress(xyxy, scores[cells], layout.nms_iou, layout.max_boxes)
        return Boxes(xyxy[kept], layout.calibration.scores(scores[cells[kept]], layout.scores))

    def _checked(self, outputs: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
        """(N,) scores and (N, 4 or 4 * bins) raw boxes, their shapes verified."""
        missing = [name for name in self.layout.outputs if name not in outputs]
        if missing:
            raise EngineError(
                f"expected outputs {list(self.layout.outputs)}, got {list(outputs)}: "
                "the model and the head layout of this bundle do not belong together"
            )
        scores, raw = outputs[SCORES], outputs[BOXES]
        cells = scores.size if self.layout.boxes == "cxcywh" else len(self._strides)
        width = 4 * max(self.layout.bins, 1)
        if scores.shape != (1, cells, 1) or raw.shape != (1, cells, width):
            raise EngineError(
                f"expected scores {(1, cells, 1)} and boxes {(1, cells, width)}, got "
                f"{scores.shape} and {raw.shape}: the model does not fit its head layout"
            )
        return scores[0, :, 0], raw[0]

    def _boxes(self, raw: FloatArray, cells: NDArray[np.intp]) -> FloatArray:
        """(K, 4 or 4 * bins) raw numbers of K cells -> (K, 4) xyxy in network pixels."""
        if not (np.abs(raw) < _MAX_RAW).all():
            raise EngineError(
                "expected boxes, got NaN, infinite or absurd numbers: "
                "the model or its engine is broken"
            )
        if self.layout.boxes == "cxcywh":
            return cxcywh_to_xyxy(raw)
        in_strides = _mean_of_bins(raw, self.layout.bins) if self.layout.bins else _softplus(raw)
        distances = in_strides * self._strides[cells, None]
        centres = self._centres[cells]
        return np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)


def count_cells(layout: HeadLayout, preprocessing: Preprocessing) -> int:
    """Number of cells of all levels; 0 where the layout has no strides."""
    width, height = preprocessing.width, preprocessing.height
    return sum(math.ceil(width / side) * math.ceil(height / side) for side in layout.strides)


def cell_grid(layout: HeadLayout, preprocessing: Preprocessing) -> tuple[FloatArray, FloatArray]:
    """Where the cells are.

    Returns:
        (N, 2) x, y of the cells' centres in network pixels and (N,) their strides in pixels.
    """
    centres, strides = [np.zeros((0, 2), np.float32)], [np.zeros(0, np.float32)]
    for stride in layout.strides:
        columns = math.ceil(preprocessing.width / stride)
        rows = math.ceil(preprocessing.height / stride)
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        centre = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride + layout.centre_offset
        centres.append(centre.astype(np.float32))
        strides.append(np.full(rows * columns, stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)


def _softplus(x: FloatArray) -> FloatArray:
    distances: FloatArray = np.logaddexp(x, np.float32(0))
    return distances


def _mean_of_bins(raw: FloatArray, bins: int) -> FloatArray:
    """(K, 4 * bins) logits -> (K, 4) means of the four distributions."""
    logits = raw.reshape(-1, 4, bins)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    means: FloatArray = weights @ np.arange(bins, dtype=np.float32)
    return means
