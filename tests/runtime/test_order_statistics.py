"""Percentiles with intervals that keep their promise, and MLPerf's bound."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.order_statistics import least_count, nearest_rank, percentile


@pytest.mark.parametrize(("fraction", "count"), [(0.5, 11), (0.9, 64), (0.99, 662)])
def test_a_percentile_needs_as_many_samples_as_mlperf_says(fraction: float, count: int) -> None:
    assert least_count(fraction) == count
    assert percentile(np.arange(count - 1.0), fraction) is None
    assert percentile(np.arange(float(count)), fraction) is not None


@pytest.mark.parametrize(
    ("queries", "discarded"),
    [(64, 0), (2048, 172), (2116, 178), (2145, 181), (7469, 685)],
)
def test_the_bound_discards_as_many_as_mlperfs_load_generator(queries: int, discarded: int) -> None:
    """Numbers of queries and discards as published summaries of the load generator have them."""
    found = percentile(np.arange(float(queries)), 0.9)
    assert found is not None
    assert found.bound == queries - 1 - discarded


@pytest.mark.parametrize("fraction", [0.5, 0.9, 0.99])
def test_interval_and_bound_hold_as_often_as_they_say(fraction: float) -> None:
    random = np.random.default_rng(7)
    samples = np.sort(random.random((3000, 1000)), axis=1)
    found = [percentile(row, fraction) for row in samples]
    inside = np.mean([one is not None and one.low <= fraction <= one.high for one in found])
    below = np.mean([one is not None and fraction <= one.bound for one in found])
    assert inside >= 0.94
    assert below >= 0.985


def test_value_and_ends_are_samples_in_order() -> None:
    found = percentile(np.arange(1000.0) * 2, 0.9)
    assert found is not None
    assert found.value == nearest_rank(np.arange(1000.0) * 2, 0.9) == 1798
    assert found.low < found.value < found.high <= found.bound
