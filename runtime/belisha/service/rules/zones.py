"""Zones: parts of the picture in which people count, or do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, FloatArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Zone:
    """A polygon on the picture.

    Attributes:
        name: for people.
        polygon: corners (x, y) as fractions of the picture's width and height.
        minimum_score: least score in this zone; nothing leaves it to the rule.
    """

    name: str
    polygon: tuple[tuple[float, float], ...]
    minimum_score: float | None = None


def inside(zone: Zone, points: Points) -> BoolArray:
    """(N,) whether points (N, 2), as fractions of the picture, lie in a zone.

    A ray to the right crosses the border an odd number of times.
    """
    corners = np.asarray(zone.polygon, np.float64)
    x0, y0 = corners.T
    x1, y1 = np.roll(corners, -1, axis=0).T
    x, y = points[:, :1], points[:, 1:]
    spans = (y0 <= y) != (y1 <= y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    crossed: BoolArray = (spans & (x < x0 + (y - y0) / rise * (x1 - x0))).sum(1) % 2 == 1
    return crossed


def foot_points(xyxy: FloatArray, width: int, height: int) -> Points:
    """(N, 4) boxes in pixels -> (N, 2) where people stand, as fractions of the picture.

    A foot on the picture's lower border or beyond is taken to stand just inside.
    """
    x = (xyxy[:, 0] + xyxy[:, 2]) / 2 / width
    y = xyxy[:, 3] / height
    edge = np.nextafter(1.0, 0.0)
    return np.clip(np.stack([x, y], axis=1, dtype=np.float64), 0.0, edge)


def that_count(
    xyxy: FloatArray,
    scores: FloatArray,
    size: tuple[int, int],
    *,
    minimum_score: float,
    zones: Sequence[Zone],
    ignored: Sequence[Zone],
) -> BoolArray:
    """(N,) which people count.

    Args:
        xyxy: (N, 4) boxes in pixels of the picture.
        scores: (N,) their scores.
        size: width and height of the picture.
        minimum_score: where no zone has its own.
        zones: where people count; everywhere if there are none. Where zones overlap the least
            minimum score applies.
        ignored: where they do not.
    """
    if not zones and not ignored:
        return scores >= minimum_score
    feet = foot_points(xyxy, *size)
    least = np.full(len(scores), np.inf if zones else minimum_score)
    for zone in zones:
        asked = minimum_score if zone.minimum_score is None else zone.minimum_score
        least = np.where(inside(zone, feet), np.minimum(least, asked), least)
    counted: BoolArray = scores >= least
    for zone in ignored:
        counted &= ~inside(zone, feet)
    return counted
