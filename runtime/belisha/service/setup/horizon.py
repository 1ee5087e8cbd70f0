"""A guess at the horizon, from people whom the detector finds.

On a flat road the horizon cuts every grown-up at the height of the lens: feet at row f and a box of
h pixels put it at f - h * (height of the lens / height of a person), whoever it is, wherever.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belisha.boxes import FloatArray
from belisha.service.distance import PERSON_M

LEAST_PEOPLE = 12
_BORDER_PX = 3.0


@dataclass(frozen=True)
class HorizonGuess:
    """Where the horizon seems to be.

    Attributes:
        horizon: fraction of the picture's height.
        low, high: the middle half of the single guesses lies between.
        people: boxes that it rests on.
    """

    horizon: float
    low: float
    high: float
    people: int


def guess_horizon(xyxy: FloatArray, height_m: float, height: int) -> HorizonGuess | None:
    """The horizon from boxes of people; nothing if they are too few.

    Args:
        xyxy: (N, 4) boxes in pixels of the picture, of any number of frames.
        height_m: of the lens above the road.
        height: of the picture.
    """
    whole = (xyxy[:, 1] > _BORDER_PX) & (xyxy[:, 3] < height - _BORDER_PX)
    top, bottom = xyxy[whole, 1].astype(np.float64), xyxy[whole, 3].astype(np.float64)
    if len(top) < LEAST_PEOPLE:
        return None
    rows = bottom - (bottom - top) * height_m / PERSON_M
    # The error of a guess grows with the box, so small people tell more.
    low, middle, high = _weighted_quartiles(rows, 1 / (bottom - top))
    return HorizonGuess(middle / height, low / height, high / height, len(rows))


def _weighted_quartiles(
    values: FloatArray | np.ndarray, weights: np.ndarray
) -> tuple[float, float, float]:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    low, middle, high = np.searchsorted(share, (0.25, 0.5, 0.75))
    return float(values[order[low]]), float(values[order[middle]]), float(values[order[high]])
