"""Faster, slower, or the same within the noise."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.bench.comparison import Ratio, ratio_of

NAMES = ("a", "b")


def compare(first: np.ndarray, second: np.ndarray, *, paired: bool = False) -> Ratio:
    found = ratio_of(first.tolist(), second.tolist(), names=NAMES, what="total", paired=paired)
    assert found is not None
    return found


def noise(seed: int, level: float = 10.0, count: int = 600) -> np.ndarray:
    return np.random.default_rng(seed).normal(level, 0.5, count)


def test_a_clear_difference_is_called() -> None:
    assert compare(noise(0, 8.0), noise(1)).verdict == "faster"
    slower = compare(noise(0, 13.0), noise(1))
    assert slower.verdict == "slower"
    assert slower.low < 1.3 < slower.high
    assert slower.what == "total p50"


def test_noise_is_not() -> None:
    assert {compare(noise(2 * seed), noise(2 * seed + 1)).verdict for seed in range(10)} == {"same"}


def test_a_difference_below_two_percent_is_called_none_however_sure() -> None:
    found = compare(noise(0, 10.1, 5000), noise(1, 10.0, 5000))
    assert found.low > 1
    assert found.verdict == "same"


def test_slow_spells_widen_the_interval() -> None:
    quiet, spells = noise(0), noise(0)
    for block in (3, 8, 9, 15, 16, 17):
        spells[block * 30 : (block + 1) * 30] *= 1.5
    narrow, wide = compare(quiet, noise(1)), compare(spells, noise(1))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_what_slowed_both_cancels_where_they_took_turns() -> None:
    weather = np.repeat(np.random.default_rng(5).uniform(1, 1.6, 20), 30)
    first, second = noise(0) * weather, noise(1) * 1.1 * weather
    assert compare(first, second, paired=True).verdict == "faster"
    apart = compare(first, second)
    together = compare(first, second, paired=True)
    assert together.high - together.low < apart.high - apart.low


@pytest.mark.parametrize("fraction", [0.5, 0.99])
def test_no_ratio_of_a_percentile_that_too_few_samples_support(fraction: float) -> None:
    few = [1.0] * 19
    assert ratio_of(few, few, fraction, names=NAMES, what="total", paired=False) is None
