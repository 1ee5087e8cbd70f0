"""Intervals of shares."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.proportion import wilson


def test_the_interval_holds_the_share_and_shrinks_with_trials() -> None:
    few, many = wilson(8, 10), wilson(800, 1000)
    assert few[0] < many[0] < 0.8 < many[1] < few[1]


def test_nothing_and_everything_have_an_interval_too() -> None:
    assert wilson(0, 10)[0] == pytest.approx(0, abs=1e-9)
    assert 0 < wilson(0, 10)[1] < 0.35
    assert wilson(10, 10)[1] == pytest.approx(1, abs=1e-9)


def test_it_covers_the_true_share_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(0)
    hits = random.binomial(60, 0.3, 4000)
    inside = [low <= 0.3 <= high for low, high in (wilson(int(one), 60) for one in hits)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (3, 2), (-1, 4)])
def test_impossible_counts_are_a_mistake_of_the_caller(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="hits"):
        wilson(hits, trials)
