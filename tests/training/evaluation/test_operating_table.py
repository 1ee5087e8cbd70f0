"""A threshold for a rate of false alarms, and what every other one would give."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.errors import UsageError
from tests.training.evaluation.truth import ranking as ranked
from tests.training.evaluation.truth import sample
from training.evaluation.bootstrap import Resampling
from training.evaluation.operating_point import operating_point
from training.evaluation.operating_table import (
    COLUMNS,
    at_thresholds,
    operating_cells,
    threshold_for,
)
from training.evaluation.ranking import Ranking, every_image_once

VERDICTS = "hhfhhfhfffhf"


def alarms(ranking: Ranking, threshold: float) -> float:
    point = operating_point(ranking, every_image_once(ranking), threshold)
    return float(point.false_positives_per_image[0])


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.25, 0.5, 0.75, 1.0])
def test_it_is_the_lowest_that_costs_no_more(rate: float) -> None:
    ranking = ranked(VERDICTS, people=8, images=4)
    threshold = threshold_for(ranking, rate, 0.01)
    assert alarms(ranking, threshold) <= rate
    assert alarms(ranking, threshold - 2e-4) > rate


def test_equal_scores_are_all_called_or_none() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.5], np.float32)
    ranking = Ranking(scores, np.array([True, False, False, False]), np.arange(4), np.ones(4, int))
    assert threshold_for(ranking, 0.5, 0.01) == pytest.approx(0.5001)
    assert alarms(ranking, 0.5001) == 0


@pytest.mark.parametrize("verdicts", ["", "hhh", "hhff"])
def test_where_false_alarms_are_few_it_is_the_least_that_may_be(verdicts: str) -> None:
    assert threshold_for(ranked(verdicts, people=4, images=4), 0.5, 0.05) == 0.05


def test_it_never_falls_below_the_least() -> None:
    assert threshold_for(ranked(VERDICTS, people=8, images=4), 1.2, 0.3) == 0.3


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_without_sense_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="expected more than 0 false positives per image"):
        threshold_for(ranked(VERDICTS, people=8, images=4), rate, 0.01)


def test_the_table_counts_at_each_threshold_with_intervals() -> None:
    random = np.random.default_rng(0)
    scores = np.sort(random.random(400).astype(np.float32))[::-1]
    hits = random.random(400) < scores
    ranking = Ranking(scores, hits, random.integers(0, 50, 400), np.full(50, 6))
    samples = [sample() for _ in range(50)]
    rows = at_thresholds(samples, ranking, (0.2, 0.8), Resampling(200))
    for row in rows:
        called = scores >= row.threshold
        assert row.recall.value == pytest.approx(hits[called].sum() / 300)
        assert row.precision.value == pytest.approx(hits[called].mean())
        alarms_here = row.false_positives_per_image
        assert alarms_here.value == pytest.approx((~hits[called]).sum() / 50)
        assert alarms_here.low < alarms_here.value < alarms_here.high
    assert rows[0].recall.value > rows[1].recall.value
    assert len(operating_cells(rows[0])) == len(COLUMNS)


def test_nothing_called_is_no_precision() -> None:
    ranking = ranked("hh", people=2, images=1)
    (row,) = at_thresholds([sample()], ranking, (0.95,), Resampling(0))
    assert (row.recall.value, row.precision.value) == (0, None)
    assert operating_cells(row) == ("0.95", "0.000", "-", "0.000")
