"""Times of a stage, summarised with their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from belisha.order_statistics import Percentile, percentile


@dataclass(frozen=True)
class Distribution:
    """Times in milliseconds; a percentile that too few samples support is `None`.

    Attributes:
        count: number of samples.
        p50, p90, p99: percentiles with interval and bound.
        best, worst: the shortest and the longest time.
    """

    count: int
    p50: Percentile | None
    p90: Percentile | None
    p99: Percentile | None
    best: float | None
    worst: float | None


def distribution(times_ms: Sequence[float]) -> Distribution:
    """Summarise times in milliseconds."""
    ordered = np.sort(np.asarray(times_ms, np.float64)).round(4)
    p50, p90, p99 = (percentile(ordered, fraction) for fraction in (0.5, 0.9, 0.99))
    best, worst = (float(ordered[0]), float(ordered[-1])) if len(ordered) else (None, None)
    return Distribution(len(ordered), p50, p90, p99, best, worst)


def distributions(stages_ms: Mapping[str, Sequence[float]]) -> dict[str, Distribution]:
    """Summarise each stage."""
    return {stage: distribution(times) for stage, times in stages_ms.items()}
