"""Is one faster than the other, or is it noise? Ratios of percentiles, with intervals.

A latency depends on the one before it: a machine is slow for a while. So not single times but
whole blocks of them are drawn again (block bootstrap), and where two detectors took turns block by
block, both get the same blocks, so that what slowed both cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from belisha.order_statistics import least_count

BLOCKS = 20
RESAMPLES = 1000
LEVEL = 0.95
LEAST_EFFECT = 0.02
"""Two runs of the same thing differ by this much; a smaller difference is called none."""

_Times = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One detector's time over another's.

    Attributes:
        first, second: their names.
        what: `total` or `infer`, and the percentile, such as `total p50`.
        ratio: first over second; below 1 the first is faster.
        low, high: 95 % interval.
        verdict: `same` if the interval holds 1 or the difference is below 2 %.
    """

    first: str
    second: str
    what: str
    ratio: float
    low: float
    high: float
    verdict: Literal["faster", "slower", "same"]


def ratio_of(
    first: Sequence[float],
    second: Sequence[float],
    fraction: float = 0.5,
    *,
    names: tuple[str, str],
    what: str,
    paired: bool,
) -> Ratio | None:
    """Compare a percentile of two series of times.

    Args:
        first: times in the order in which they were taken.
        second: likewise, of the other.
        fraction: the percentile, 0.5 for the median.
        names: of the two.
        what: was measured.
        paired: whether they took turns, block by block in the same order.

    Returns:
        The ratio, or nothing where too few samples support the percentile.
    """
    if min(len(first), len(second)) < max(least_count(fraction), BLOCKS):
        return None
    value = _percentile(np.asarray(first), fraction) / _percentile(np.asarray(second), fraction)
    random = np.random.default_rng(0)
    draws_first = random.integers(0, BLOCKS, (RESAMPLES, BLOCKS))
    draws_second = draws_first if paired else random.integers(0, BLOCKS, (RESAMPLES, BLOCKS))
    drawn = _resampled(first, draws_first, fraction) / _resampled(second, draws_second, fraction)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Ratio(
        first=names[0],
        second=names[1],
        what=f"{what} p{100 * fraction:g}",
        ratio=round(float(value), 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        verdict=_verdict(float(value), float(low), float(high)),
    )


def _resampled(times: Sequence[float], draws: NDArray[np.int64], fraction: float) -> _Times:
    """(R,) the percentile in each resample of blocks."""
    blocks = np.array_split(np.asarray(times, np.float64), BLOCKS)
    return np.array(
        [_percentile(np.concatenate([blocks[index] for index in row]), fraction) for row in draws]
    )


def _percentile(times: _Times, fraction: float) -> float:
    """Nearest rank upwards."""
    rank = int(np.ceil(round(len(times) * fraction, 9)))
    return float(np.partition(times, rank - 1)[rank - 1])


def _verdict(ratio: float, low: float, high: float) -> Literal["faster", "slower", "same"]:
    if low <= 1 <= high or abs(ratio - 1) < LEAST_EFFECT:
        return "same"
    return "faster" if ratio < 1 else "slower"
