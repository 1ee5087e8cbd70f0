"""Average precision from counts: COCO's definition, for many resamples at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.evaluation.ranking import Tally

RECALLS = np.linspace(0, 1, 101)
"""Where COCO samples the precision."""


def average_precision(tally: Tally) -> NDArray[np.float64]:
    """Mean of the precision at 101 recalls (Lin et al. 2014), one value a resample.

    The precision at a recall is the best that any threshold with at least this recall reaches, so
    only the hits matter: between two of them the recall stays and the precision falls.

    Returns:
        (R,) in [0, 1]; NaN where a resample has no people.
    """
    precision = _precision_at_hits(tally)
    best_from_here = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    result = np.full(len(tally.people), np.nan)
    for row in np.flatnonzero(tally.people):
        recall = tally.hits[row] / tally.people[row]
        first = np.searchsorted(recall, RECALLS, side="left")
        reached = first < len(recall)
        result[row] = best_from_here[row, first[reached]].sum() / len(RECALLS)
    return result


def _precision_at_hits(tally: Tally) -> NDArray[np.float64]:
    """(R, H) share of hits among the detections down to each hit; 0 before the first counts."""
    called = tally.hits + tally.alarms
    precision: NDArray[np.float64] = np.divide(
        tally.hits, called, out=np.zeros(called.shape), where=called > 0
    )
    return precision
