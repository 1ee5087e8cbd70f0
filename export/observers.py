"""Observers: how much of a tensor's range to keep, judged by the histogram of its magnitudes.

The largest value may be an outlier that wastes steps; a percentile throws a fixed share away; the
entropy observer keeps the shape of the distribution; the squared error weighs both. None is best
for all tensors, so the plan tries them (`export.search`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.plan import Observer
from training.integers import TOP

BINS = 2048
PERCENTILES = (99.9, 99.99, 99.999)
_FRACTIONS = np.linspace(0.2, 1.0, 81)
"""Candidate clips of the squared error, as fractions of the largest magnitude."""
_ENTROPY_STEP = 16
"""Bins between two candidates of the entropy observer."""
_ALIKE = 0.01
"""Clips that differ by less are one candidate."""
_WORST = 2.0
"""Times the least squared error that a candidate may have: no more was ever worth a look."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Magnitudes of a tensor.

    Attributes:
        counts: (BINS,) from 0 to `largest`, the zeros left out: any scale keeps them.
        largest: upper end of the last bin.
    """

    counts: NDArray[np.int64]
    largest: float

    @property
    def centres(self) -> NDArray[np.float64]:
        """(BINS,) the middles of the bins."""
        return (np.arange(len(self.counts), dtype=np.float64) + 0.5) * self._width

    @property
    def _width(self) -> float:
        return self.largest / len(self.counts)


@dataclass(frozen=True)
class Candidate:
    """A clip, the largest magnitude to keep, and what proposes it."""

    clip: float
    observer: Observer
    label: str


def proposals(histogram: Histogram) -> tuple[Candidate, ...]:
    """What each observer proposes, the least squared error first."""
    return (
        Candidate(least_error(histogram), "mse", "mse"),
        Candidate(histogram.largest, "min-max", "min-max"),
        *(
            Candidate(percentile(histogram, share), "percentile", f"percentile {share:g}")
            for share in PERCENTILES
        ),
        Candidate(least_divergence(histogram), "entropy", "entropy"),
    )


def candidates(histogram: Histogram) -> tuple[Candidate, ...]:
    """The proposals that are worth measuring on frames: unlike each other, none far off."""
    proposed = proposals(histogram)
    worst = _WORST * squared_error(histogram, proposed[0].clip)
    kept: list[Candidate] = []
    for one in proposed:
        unlike = all(abs(one.clip - other.clip) > _ALIKE * other.clip for other in kept)
        if unlike and squared_error(histogram, one.clip) <= worst:
            kept.append(one)
    return tuple(kept)


def percentile(histogram: Histogram, share: float) -> float:
    """The magnitude that `share` percent of the values do not exceed."""
    total = histogram.counts.sum()
    if not total:
        return histogram.largest
    reached = np.cumsum(histogram.counts) >= total * share / 100
    return float((np.argmax(reached) + 1) * histogram.largest / len(histogram.counts))


def least_error(histogram: Histogram) -> float:
    """The clip of least squared error on a grid of `TOP` steps."""
    clips = _FRACTIONS * histogram.largest
    return float(min(clips, key=lambda clip: squared_error(histogram, clip)))


def squared_error(histogram: Histogram, clip: float) -> float:
    """Sum of squared errors on a grid of `TOP` steps up to the clip."""
    centres, scale = histogram.centres, clip / TOP
    kept = np.minimum(np.round(centres / scale), TOP) * scale
    return float((histogram.counts * (centres - kept) ** 2).sum())


def least_divergence(histogram: Histogram) -> float:
    """The clip whose quantised distribution diverges least from the true one (Kullback-Leibler).

    What lies beyond a clip counts at the clip, so that cutting off is not free.
    """
    counts = histogram.counts.astype(np.float64)
    ends = range(TOP + 1, len(counts) + 1, _ENTROPY_STEP)
    divergences = [_divergence(counts, end) for end in ends]
    best = ends[int(np.argmin(divergences))]
    return float(best * histogram.largest / len(counts))


def _divergence(counts: NDArray[np.float64], end: int) -> float:
    """Of the first `end` bins against themselves on a grid of `TOP` + 1 levels."""
    true = counts[:end].copy()
    true[-1] += counts[end:].sum()
    level = np.minimum(np.arange(end) * (TOP + 1) // end, TOP)
    filled = counts[:end] > 0
    mass = np.bincount(level, counts[:end], TOP + 1)
    bins = np.bincount(level, filled, TOP + 1)
    spread = np.where(filled, (mass / np.maximum(bins, 1))[level], 0.0)
    if not true.sum() or not spread.sum():
        return np.inf
    true, spread = true / true.sum(), spread / spread.sum()
    both = (true > 0) & (spread > 0)
    lost = true[(true > 0) & (spread == 0)].sum()
    return float((true[both] * np.log(true[both] / spread[both])).sum() + lost * 10)
