"""Several detectors on enlarged parts of a picture: what they would find if they had the pixels.

A public detector at 416 pixels misses people under 25 pixels; on parts of 200 pixels, shown twice
as large, it finds many of them. Too slow for a car, right for a teacher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from belisha.boxes import BoolArray, Boxes, FloatArray, iou, suppress
from belisha.frames import Image

Detector = Callable[[Image], Boxes]
TILE = 200
"""Side of a part in pixels of the picture."""
STEP = 0.75
"""Parts lie at most this share of a side apart, so that most people are whole in one."""
MARGIN = 2.0
"""A box that ends so near at an inner border of a part, in pixels, is a person cut in two."""
SAME = 0.5
"""Overlap from which two boxes are of one person."""
MOST = 100


class Ensemble:
    """Detectors that agree: a score is the mean of theirs, where one that finds nothing says 0.

    Args:
        detectors: each finds people in a picture of any size.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)

    def __call__(self, image_bgr: Image) -> Boxes:
        """(H, W, 3) uint8 BGR -> boxes in its pixels, best first, at most `MOST`."""
        found = [_in_parts(detector, image_bgr) for detector in self._detectors]
        return fused(found)


def _in_parts(detector: Detector, image: Image) -> Boxes:
    """What one detector finds in the whole and in its parts."""
    height, width = image.shape[:2]
    whole = detector(image)
    boxes, scores = [whole.xyxy], [whole.scores]
    for left, top, right, bottom in parts(width, height):
        seen = detector(np.ascontiguousarray(image[top:bottom, left:right]))
        part = np.array([left, top, right, bottom], np.float32)
        kept = _uncut(seen.xyxy, part, width, height)
        boxes.append(seen.xyxy[kept] + np.tile(part[:2], 2))
        scores.append(seen.scores[kept])
    xyxy, values = np.concatenate(boxes), np.concatenate(scores)
    chosen = suppress(xyxy, values, SAME, len(values))
    return Boxes(xyxy[chosen], values[chosen])


def parts(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right, bottom of the parts that cover a picture evenly."""
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            yield left, top, right, bottom


def _spans(length: int) -> Iterator[tuple[int, int]]:
    count = max(1, int(np.ceil((length / TILE - (1 - STEP)) / STEP)))
    for number in range(count):
        start = max(0, round(number * (length - TILE) / max(count - 1, 1)))
        yield start, min(length, start + TILE)


def _uncut(xyxy: FloatArray, part: FloatArray, width: int, height: int) -> BoolArray:
    """(N,) whether a box, in pixels of the part, is not cut by one of its inner borders."""
    left, top, right, bottom = part
    size = np.array([right - left, bottom - top])
    inner = np.array([left > 0, top > 0, right < width, bottom < height])
    near = np.concatenate([xyxy[:, :2] <= MARGIN, xyxy[:, 2:] >= size - MARGIN], axis=1)
    uncut: BoolArray = ~(near & inner).any(axis=1)
    return uncut


def fused(found: Sequence[Boxes]) -> Boxes:
    """Boxes of several detectors, one for each person, weighed by score."""
    xyxy = np.concatenate([boxes.xyxy for boxes in found])
    scores = np.concatenate([boxes.scores for boxes in found])
    finder = np.repeat(np.arange(len(found)), [len(boxes.scores) for boxes in found])
    free = np.ones(len(scores), np.bool_)
    rows: list[FloatArray] = []
    for index in np.argsort(-scores, kind="stable"):
        if not free[index]:
            continue
        alike = free & (iou(xyxy[index : index + 1], xyxy)[0] > SAME)
        alike[index] = True
        free &= ~alike
        weights = scores[alike]
        box = (xyxy[alike] * weights[:, None]).sum(axis=0) / weights.sum()
        best = [scores[alike & (finder == who)].max(initial=0.0) for who in range(len(found))]
        rows.append(np.append(box, np.mean(best)).astype(np.float32))
    table = np.array(rows, np.float32).reshape(-1, 5)
    order = np.argsort(-table[:, 4], kind="stable")[:MOST]
    return Boxes(table[order, :4], table[order, 4])
