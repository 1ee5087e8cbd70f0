"""Observers: each keeps the range that it is for, and like proposals are measured once."""

from __future__ import annotations

import numpy as np
import pytest

from export.observers import (
    BINS,
    Histogram,
    candidates,
    least_divergence,
    least_error,
    percentile,
    proposals,
    squared_error,
)


def even() -> Histogram:
    return Histogram(np.ones(BINS, np.int64), 10.0)


def outlier() -> Histogram:
    """Nearly all in the lowest 300 bins, one far away."""
    counts = np.zeros(BINS, np.int64)
    counts[:300] = 10_000
    counts[-1] = 1
    return Histogram(counts, 10.0)


def falling() -> Histogram:
    """A long tail, as activations have."""
    return Histogram((1e6 * np.exp(-np.arange(BINS) / 100)).astype(np.int64), 10.0)


def test_an_even_spread_is_kept_whole() -> None:
    assert least_error(even()) == pytest.approx(10, rel=0.02)
    assert least_divergence(even()) == pytest.approx(10, rel=0.02)


def test_a_lone_outlier_is_clipped_for_the_sake_of_the_rest() -> None:
    assert least_error(outlier()) < 5
    assert percentile(outlier(), 99.99) < 5


def test_entropy_keeps_the_shape_and_lets_the_tail_go() -> None:
    """An even spread is kept with its outlier: 128 levels show its shape without loss."""
    assert least_divergence(falling()) < 6
    assert least_divergence(outlier()) == 10


def test_percentiles_are_those_of_the_values() -> None:
    assert percentile(even(), 50) == pytest.approx(5, rel=0.01)
    assert percentile(even(), 100) == 10


def test_the_squared_error_is_that_of_rounding_and_clipping() -> None:
    counts = np.zeros(BINS, np.int64)
    counts[[100, 2000]] = 1
    histogram = Histogram(counts, 10.0)
    low, high = histogram.centres[[100, 2000]]
    clip, step = 5.0, 5.0 / 127
    wanted = (low - round(low / step) * step) ** 2 + (high - clip) ** 2
    assert squared_error(histogram, clip) == pytest.approx(wanted)


def test_no_proposal_has_less_squared_error_than_the_one_that_seeks_it() -> None:
    best, *others = proposals(falling())
    errors = [squared_error(falling(), one.clip) for one in others]
    assert squared_error(falling(), best.clip) <= min(errors) * 1.01


def test_candidates_are_unlike_and_none_is_far_off() -> None:
    found = candidates(falling())
    clips = [one.clip for one in found]
    assert found[0].observer == "mse"
    assert len(found) > 1
    for index, clip in enumerate(clips):
        assert all(abs(clip - other) > 0.01 * other for other in clips[:index])
        assert squared_error(falling(), clip) <= 2 * squared_error(falling(), clips[0])


def test_where_all_agree_there_is_nothing_to_search() -> None:
    assert len({round(one.clip) for one in candidates(even())}) == 1


def test_a_tensor_that_is_always_zero_has_a_range_all_the_same() -> None:
    nothing = Histogram(np.zeros(BINS, np.int64), 1e-6)
    assert all(one.clip > 0 for one in candidates(nothing))
