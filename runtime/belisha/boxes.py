"""Boxes: the one result type, and the geometry on it.

Coordinates are continuous pixels: x to the right, y down, (0, 0) is the outer corner of the first
pixel, so a box that covers exactly the first pixel is (0, 0, 1, 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Detected people in one frame, best first.

    Attributes:
        xyxy: (N, 4) float32, left, top, right, bottom in pixels of the frame they belong to.
        scores: (N,) float32 in [0, 1], not increasing.
    """

    xyxy: FloatArray
    scores: FloatArray

    def __post_init__(self) -> None:
        if self.xyxy.ndim != 2 or self.xyxy.shape[1] != 4:
            raise ValueError(f"expected xyxy of shape (N, 4), got {self.xyxy.shape}")
        if self.scores.shape != (len(self.xyxy),):
            raise ValueError(f"expected {len(self.xyxy)} scores, got shape {self.scores.shape}")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: BoolArray | IntArray | slice) -> Boxes:
        """The boxes that a mask, an index array or a slice selects."""
        return Boxes(self.xyxy[index], self.scores[index])

    @property
    def heights(self) -> FloatArray:
        """(N,) float32, box heights in pixels."""
        return self.xyxy[:, 3] - self.xyxy[:, 1]

    @staticmethod
    def empty() -> Boxes:
        """No boxes."""
        return Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


def as_xyxy(rows: Any) -> FloatArray:
    """Make a (N, 4) float32 array of any sequence of four-tuples, an empty one included."""
    return np.asarray(rows, np.float32).reshape(-1, 4)


def xywh_to_xyxy(xywh: FloatArray) -> FloatArray:
    """(N, 4) left, top, width, height -> (N, 4) left, top, right, bottom."""
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)


def xyxy_to_xywh(xyxy: FloatArray) -> FloatArray:
    """(N, 4) left, top, right, bottom -> (N, 4) left, top, width, height."""
    return np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)


def cxcywh_to_xyxy(cxcywh: FloatArray) -> FloatArray:
    """(N, 4) centre x, centre y, width, height -> (N, 4) left, top, right, bottom."""
    half = cxcywh[:, 2:] / 2
    return np.concatenate([cxcywh[:, :2] - half, cxcywh[:, :2] + half], axis=1)


def area(xyxy: FloatArray) -> FloatArray:
    """(N, 4) -> (N,) areas in square pixels; an inverted box has area 0."""
    sides = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0)
    areas: FloatArray = sides[:, 0] * sides[:, 1]
    return areas


def intersection(first: FloatArray, second: FloatArray) -> FloatArray:
    """(N, 4), (M, 4) -> (N, M) areas shared by each pair."""
    width, height = (_shared_side(first, second, axis) for axis in (0, 1))
    areas: FloatArray = width * height
    return areas


def _shared_side(first: FloatArray, second: FloatArray, axis: int) -> FloatArray:
    """(N, M) along x or y; one axis at a time, as numpy is slow where the last axis is short."""
    low = np.maximum(first[:, axis, None], second[None, :, axis])
    high = np.minimum(first[:, axis + 2, None], second[None, :, axis + 2])
    sides: FloatArray = np.maximum(high - low, 0, out=high)
    return sides


def iou(first: FloatArray, second: FloatArray) -> FloatArray:
    """(N, 4), (M, 4) -> (N, M) intersection over union; 0 where both boxes are empty."""
    shared = intersection(first, second)
    union = area(first)[:, None] + area(second)[None, :] - shared
    overlap: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def ioa(first: FloatArray, second: FloatArray) -> FloatArray:
    """(N, 4), (M, 4) -> (N, M) intersection over the area of `first`; 0 for an empty one."""
    shared = intersection(first, second)
    own = np.broadcast_to(area(first)[:, None], shared.shape)
    share: FloatArray = np.divide(shared, own, out=np.zeros_like(shared), where=own > 0)
    return share


def clip(xyxy: FloatArray, width: int, height: int) -> FloatArray:
    """Cut boxes at the borders of a frame of `width` x `height` pixels."""
    limits = np.array([width, height, width, height], np.float32)
    return np.clip(xyxy, 0, limits)


def suppress(xyxy: FloatArray, scores: FloatArray, max_iou: float, limit: int) -> IntArray:
    """Greedy non-maximum suppression.

    Args:
        xyxy: (N, 4) boxes.
        scores: (N,) scores; equal scores keep their order, so the result is the same everywhere.
        max_iou: a box that overlaps a better one by more than this is dropped.
        limit: the most boxes to keep.

    Returns:
        Indices of the boxes kept, best first.
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = iou(xyxy[order], xyxy[order]) > max_iou
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for rank in range(len(order)):
        if not alive[rank]:
            continue
        kept.append(rank)
        if len(kept) == limit:
            break
        alive &= ~overlaps[rank]
    return order[kept]
