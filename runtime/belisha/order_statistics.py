"""What a sorted sample says of a percentile, and from how many samples on it says anything.

No distribution is assumed: how many of n samples lie beyond a percentile is binomial, whatever
they measure. The samples must be independent for the stated confidence; latencies of one run are
not quite, so an interval is rather too narrow than too wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Of the two-sided interval."""
ONE_SIDED = 0.99
"""Of the bound, as MLPerf's early stopping has it."""

Sorted = NDArray[np.float64]


@dataclass(frozen=True)
class Percentile:
    """One percentile of a sample, in the sample's unit.

    Attributes:
        value: nearest rank upwards, so that it is never better than it was.
        low, high: 95 % interval, both ends samples that happened.
        bound: MLPerf's early-stopping estimate: with 99 % confidence the percentile is not above.
    """

    value: float
    low: float
    high: float
    bound: float


@lru_cache
def least_count(fraction: float) -> int:
    """How many samples a percentile needs: 11 for the median, 64 for p90, 662 for p99.

    It is MLPerf's rule: fewer samples cannot bound the percentile with 99 % confidence even if
    only one of them lies beyond it.
    """
    beyond = 1 - fraction
    count = 2
    while fraction**count + count * beyond * fraction ** (count - 1) > 1 - ONE_SIDED:
        count += 1
    return count


def nearest_rank(ordered: Sorted, fraction: float) -> float | None:
    """The percentile without its interval; nothing where too few samples support it."""
    if len(ordered) < least_count(fraction):
        return None
    return float(ordered[_rank(len(ordered), fraction) - 1])


def percentile(ordered: Sorted, fraction: float) -> Percentile | None:
    """A percentile with its interval and bound; nothing where too few samples support it.

    Args:
        ordered: (N,) samples, ascending.
        fraction: of the samples that are at most the percentile, 0.99 for p99.
    """
    value = nearest_rank(ordered, fraction)
    if value is None:
        return None
    low, high, bound = _ranks(len(ordered), fraction)
    return Percentile(value, *(float(ordered[rank - 1]) for rank in (low, high, bound)))


def _rank(count: int, fraction: float) -> int:
    return int(np.ceil(round(count * fraction, 9)))


@lru_cache(maxsize=64)
def _ranks(count: int, fraction: float) -> tuple[int, int, int]:
    """Ranks, from 1, of both ends of the interval and of the bound.

    With B ~ Binomial(count, fraction) samples below the percentile, the sample of rank r is above
    it with probability P(B < r).
    """
    below = _cumulative(count, fraction)
    tail = (1 - LEVEL) / 2
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail, side="left")) + 1
    discarded = int(np.searchsorted(_cumulative(count, 1 - fraction), 1 - ONE_SIDED, side="right"))
    return max(low, 1), min(high, count), count - max(discarded - 1, 1) + 1


def _cumulative(count: int, chance: float) -> NDArray[np.float64]:
    """(count + 1,) P(B <= k) of B ~ Binomial(count, chance)."""
    steps = np.arange(1, count + 1, dtype=np.float64)
    ratios = np.log((count - steps + 1) / steps) + np.log(chance / (1 - chance))
    logarithms = count * np.log1p(-chance) + np.concatenate([[0.0], np.cumsum(ratios)])
    return np.cumsum(np.exp(logarithms))
