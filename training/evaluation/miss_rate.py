"""MR-2, the log-average miss rate: the figure of merit of pedestrian detection.

Defined by Dollár, Wojek, Schiele and Perona, "Pedestrian Detection: An Evaluation of the State of
the Art" (PAMI 2012), section 3.1: the miss rates at nine rates of false positives per image,
evenly spaced on a log scale from 0.01 to 1, are averaged; as in the authors' toolbox the average
is geometric. Lower is better.

Being geometric it falls to nothing as soon as everybody is found at a few of the rates, which is
easy where there are few people: read it only where there are enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.ranking import Tally

FALSE_POSITIVES_PER_IMAGE = 10.0 ** np.linspace(-2, 0, 9)
"""Where the miss rate is sampled."""

LEAST_MISS_RATE = 1e-10
"""Stands in for zero, whose logarithm does not exist; the authors' toolbox uses the same."""


def log_average_miss_rate(tally: Tally) -> NDArray[np.float64]:
    """MR-2, one value a resample.

    Returns:
        (R,) in [1e-10, 1]; NaN where a resample has no people.
    """
    rates = np.maximum(miss_rates(tally), LEAST_MISS_RATE)
    result: NDArray[np.float64] = np.exp(np.log(rates).mean(axis=1))
    return result


def miss_rates(
    tally: Tally, limits: Sequence[float] = tuple(FALSE_POSITIVES_PER_IMAGE)
) -> NDArray[np.float64]:
    """The least miss rate that costs no more false positives per image than each limit.

    Where the very first detection is a false alarm that already costs more, nobody is found: the
    miss rate there is 1. (A widespread implementation indexes its list with -1 there and so
    takes the *last* point of the curve, the best.)

    Returns:
        (R, L); NaN where a resample has no people.
    """
    resamples = len(tally.people)
    per_image = tally.alarms / tally.images[:, None]
    nobody = np.zeros((resamples, 1), np.int64)
    found = np.concatenate([nobody, tally.hits], axis=1)
    people = np.where(tally.people > 0, tally.people, np.nan)
    rates = np.empty((resamples, len(limits)))
    for column, limit in enumerate(limits):
        affordable = np.count_nonzero(per_image <= limit, axis=1)
        rates[:, column] = 1 - found[np.arange(resamples), affordable] / people
    return rates
