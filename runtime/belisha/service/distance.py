"""How far away people are: an estimate with its error, from one camera and a flat road.

Two rulers are laid on each person. Where the feet stand under the horizon tells the distance if the
road is flat; how tall the box is tells it if the person is of usual height. Both are read as 1 over
the distance, in which their errors are about normal, weighted by their errors, and given as a band
that holds the truth nine times in ten where what is assumed holds. It is an estimate for people to
read and for rules of thumb. It is not ranging, and no time to collision should be made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import FloatArray
from belisha.service.mounting import Mounting

Numbers = NDArray[np.float64]

PERSON_M = 1.68
"""Height of an adult, shoes included, mean of men and women."""
_PERSON_SHARE = 0.13
"""Standard error of that; it is not made for children, whom the ground's ruler has to save."""
_GROUND_SHARE = 0.08
"""Of the camera's height above where a person stands: kerbs, crowned roads, load in the boot."""
_EDGE_SHARE, _EDGE_PX = 0.035, 1.2
"""Standard error of a box's edge: a share of its height, and pixels."""
_PITCH_RAD = 0.008
"""Of the horizon: the car nods, and roads are not flat."""
_NINETY = 1.645
"""Standard errors to either side that hold nine in ten."""
_DISAGREE = 2.0
"""Standard errors apart at which the two rulers are no longer averaged but both believed."""
_BORDER_SHARE = 0.006
"""A box that ends so near the picture's border may go on beyond it."""
NEAREST_M = 0.5


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances of N people, in metres along the camera's axis.

    Attributes:
        metres: (N,) float32, the best guess.
        low_m, high_m: (N,) float32, the band that holds nine in ten; `high_m` may be infinite.
    """

    metres: FloatArray
    low_m: FloatArray
    high_m: FloatArray

    def words(self, index: int) -> str:
        """One band as people read it, rounded outwards: 7.5 to 11 m."""
        low, high = float(self.low_m[index]), float(self.high_m[index])
        far = _rounded(high, math.ceil) if math.isfinite(high) else ""
        if low <= NEAREST_M:
            return f"under {far} m" if far else "unknown"
        near = _rounded(low, math.floor)
        return f"{near} to {far} m" if far else f"over {near} m"


def distances(xyxy: FloatArray, mounting: Mounting, width: int, height: int) -> Distances:
    """How far away people are.

    Args:
        xyxy: (N, 4) boxes of whole people in pixels of the whole picture.
        mounting: how the camera sits.
        width: of the picture.
        height: of the picture.
    """
    focal = mounting.focal_px(width)
    top, bottom = xyxy[:, 1].astype(np.float64), xyxy[:, 3].astype(np.float64)
    ground, ground_error = _by_ground(bottom, bottom - top, mounting, focal, height)
    size, size_error = _by_size(bottom - top, focal)
    first, last = mounting.rows(height)
    border = _BORDER_SHARE * height
    cut_above, cut_below = top <= first + border, bottom >= last - border
    size_error = np.where(cut_above, np.inf, size_error)
    nearness, low, high = _combined(ground, ground_error, size, size_error)
    # Feet below the picture: the person is at least as near as either ruler says.
    least = np.maximum(ground, size)
    nearness = np.where(cut_below, np.maximum(least, nearness), nearness)
    low = np.where(cut_below, least - _NINETY * np.minimum(ground_error, size_error), low)
    high = np.where(cut_below, np.inf, high)
    return Distances(_metres(nearness), _metres(high), _metres(low))


def _by_ground(
    bottom: Numbers, tall: Numbers, mounting: Mounting, focal: float, height: int
) -> tuple[Numbers, Numbers]:
    """1 over the distance, from where the feet stand; and its standard error."""
    below = bottom - mounting.horizon * height
    scale = focal * mounting.height_m
    edge = np.hypot(_EDGE_SHARE * tall + _EDGE_PX, _PITCH_RAD * focal)
    return below / scale, np.hypot(edge / scale, _GROUND_SHARE * np.abs(below) / scale)


def _by_size(tall: Numbers, focal: float) -> tuple[Numbers, Numbers]:
    """1 over the distance, from how tall the box is; and its standard error."""
    nearness = tall / (focal * PERSON_M)
    edge = np.sqrt(2) * (_EDGE_SHARE * tall + _EDGE_PX) / (focal * PERSON_M)
    return nearness, np.hypot(edge, _PERSON_SHARE * nearness)


def _combined(
    first: Numbers, first_error: Numbers, second: Numbers, second_error: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """The weighted mean of two readings, and the ends of its band."""
    weight, other = first_error**-2, second_error**-2
    mean = (weight * first + other * np.nan_to_num(second)) / (weight + other)
    error = (weight + other) ** -0.5
    low, high = mean - _NINETY * error, mean + _NINETY * error
    finite = np.isfinite(second_error)
    apart = finite & (np.abs(first - second) > _DISAGREE * np.hypot(first_error, second_error))
    spread = np.where(finite, second_error, 0.0)
    both_low = np.minimum(first - _NINETY * first_error, second - _NINETY * spread)
    both_high = np.maximum(first + _NINETY * first_error, second + _NINETY * spread)
    return mean, np.where(apart, both_low, low), np.where(apart, both_high, high)


def _metres(nearness: Numbers) -> FloatArray:
    """1 over the distance -> metres; what is not nearer than the horizon is infinitely far."""
    far = np.full(len(nearness), np.inf)
    metres: Numbers = np.divide(1.0, nearness, out=far, where=nearness > 1e-3)
    clipped: FloatArray = np.maximum(metres, NEAREST_M).astype(np.float32)
    return clipped


def _rounded(metres: float, outwards: Callable[[float], int]) -> str:
    """To half metres, metres or tens, by how far it is."""
    step = 0.5 if metres < 10 else 1.0 if metres < 100 else 10.0
    return f"{outwards(metres / step) * step:g}"
