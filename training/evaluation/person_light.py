"""How well people stand out from what is around them, in grey levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import FloatArray
from belisha.frames import Image

_RING = 0.25
"""Width of the surroundings in heights of the person."""
_LEAST_RING = 3.0
_LEVELS = np.linspace(0.05, 0.95, 19)


def light_of_people(image_bgr: Image, xyxy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Brightness of people and their contrast against their surroundings.

    Contrast is the distance between what is in the box and what is in a ring around it, a quarter
    of its height wide: the mean difference of 19 percentiles of their values, in the colour channel
    where it is largest. So light before dark counts, and so does patterned before plain.

    Args:
        image_bgr: (H, W, 3) uint8.
        xyxy: (M, 4) in its pixels.

    Returns:
        (M,) mean grey levels and (M,) contrasts, both 0 to 255; NaN where a box or its ring lies
        outside.
    """
    rows = [_light(image_bgr, box) for box in xyxy.tolist()]
    both = np.array(rows, np.float32).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _light(image: Image, box: list[float]) -> tuple[float, float]:
    left, top, right, bottom = box
    grown = max(_RING * (bottom - top), _LEAST_RING)
    area = _cut(image, (left - grown, top - grown, right + grown, bottom + grown))
    inside = _cut(image, (left, top, right, bottom))
    if inside.size == 0 or inside.size == area.size:
        return float("nan"), float("nan")
    around = np.ones(area.shape[:2], bool)
    row = max(round(top), 0) - max(round(top - grown), 0)
    column = max(round(left), 0) - max(round(left - grown), 0)
    around[row : row + inside.shape[0], column : column + inside.shape[1]] = False
    person, ring = inside.reshape(-1, 3), area[around]
    apart = np.abs(_percentiles(person) - _percentiles(ring)).mean(axis=0)
    return float(person.mean()), float(apart.max())


def _cut(image: Image, box: tuple[float, float, float, float]) -> Image:
    left, top, right, bottom = (max(round(side), 0) for side in box)
    return image[top:bottom, left:right]


def _percentiles(pixels: Image) -> NDArray[np.float64]:
    """(N, 3) values -> (19, 3)."""
    levels: NDArray[np.float64] = np.quantile(pixels, _LEVELS, axis=0)
    return levels
