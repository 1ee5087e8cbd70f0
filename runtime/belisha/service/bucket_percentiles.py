"""Percentiles of times that were only counted in buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from belisha.order_statistics import least_count


def upper_percentile(
    buckets: Sequence[tuple[float, int]], fraction: float, least: int | None = None
) -> float | None:
    """Upper edge of the bucket that holds a percentile; nothing from too few samples.

    Args:
        buckets: (upper edge, count), rising.
        fraction: 0.99 for p99.
        least: samples that it needs; by default as many as elsewhere in this house.
    """
    total = sum(count for _, count in buckets)
    if total < (least_count(fraction) if least is None else least):
        return None
    rank = math.ceil(round(total * fraction, 9))
    below = 0
    for edge, count in buckets:
        below += count
        if below >= rank:
            return edge
    return None
