"""Precision, recall and false alarms at one threshold: what a car with this bundle would see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.ranking import Ranking, Weights


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """Counts at a threshold in R resamples.

    Attributes:
        images, people, hits, alarms: (R,) in the resample.
    """

    images: Weights
    people: Weights
    hits: Weights
    alarms: Weights

    @property
    def precision(self) -> NDArray[np.float64]:
        """(R,) share of hits among the detections; NaN where there is none."""
        return _ratio(self.hits, self.hits + self.alarms)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(R,) share of people found; NaN where there are none."""
        return _ratio(self.hits, self.people)

    @property
    def false_positives_per_image(self) -> NDArray[np.float64]:
        """(R,) false alarms per image."""
        return _ratio(self.alarms, self.images)


def operating_point(ranking: Ranking, weights: Weights, threshold: float) -> OperatingPoint:
    """Count the detections with a score of at least `threshold`; `weights` is (R, N)."""
    called = ranking.scores >= threshold
    images = len(ranking.people)
    hits = np.bincount(ranking.images[called & ranking.hits], minlength=images)
    alarms = np.bincount(ranking.images[called & ~ranking.hits], minlength=images)
    return OperatingPoint(
        images=weights.sum(axis=1),
        people=weights @ ranking.people,
        hits=weights @ hits,
        alarms=weights @ alarms,
    )


def _ratio(part: Weights, whole: Weights) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(
        part, whole, out=np.full(len(whole), np.nan), where=whole > 0
    )
    return ratio
