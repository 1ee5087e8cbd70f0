"""ECE: what it is of scores whose truth is known, before and after a fit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from belisha.calibration import Calibration
from tests.training.evaluation.test_score_fit import TRUE, drawn, streets
from training.evaluation.bootstrap import Resampling
from training.evaluation.ranking import Ranking
from training.evaluation.reliability import BINS, look_at_scores
from training.evaluation.reliability_report import (
    reliability_diagram,
    scores_document,
    scores_lines,
)

RESAMPLING = Resampling(200)


def test_it_is_the_mean_distance_of_score_and_truth() -> None:
    """Every detection says .8; three in four are people."""
    hits = np.tile([True, True, True, False], 150)
    ranking = Ranking(np.full(600, 0.8, np.float32), hits, np.arange(600) // 10, np.full(60, 10))
    seen = look_at_scores(streets(60, 6), ranking, RESAMPLING).all
    assert seen.ece.value == pytest.approx(0.05, abs=1e-6)
    assert len(seen.bins) == BINS
    assert {one.detections for one in seen.bins} == {40}
    assert seen.ece.low is not None
    assert seen.ece.high is not None
    assert seen.ece.low <= 0.05 <= seen.ece.high + 1e-6


def test_too_sure_and_too_shy_do_not_cancel_out() -> None:
    scores = np.repeat([0.9, 0.1], [320, 280]).astype(np.float32)  # of whole bins
    hits = np.tile([True, False], 300)
    ranking = Ranking(scores, hits, np.arange(600) // 10, np.full(60, 10))
    assert look_at_scores(streets(60, 6), ranking, RESAMPLING).all.ece.value == pytest.approx(0.4)


def test_a_fit_on_other_drives_brings_it_down_to_chance() -> None:
    ranking = replace(drawn(9000, 60), people=np.full(60, 50))
    scores = look_at_scores(streets(60, 6), ranking, RESAMPLING)
    assert scores.all_fitted is not None
    assert scores.surest_fitted is not None
    for before, after in (
        (scores.all, scores.all_fitted),
        (scores.surest, scores.surest_fitted),
    ):
        assert before.ece.low > 3 * after.ece.value
        assert after.ece.value < 2 * after.noise
    assert scores.fitted is not None
    assert scores.fitted.temperature == pytest.approx(TRUE.temperature, rel=0.1)


def test_true_scores_are_off_by_what_chance_does() -> None:
    found = [
        look_at_scores(streets(60, 6), drawn(3000, 60, Calibration(), seed), Resampling(0)).all
        for seed in range(20)
    ]
    mean = np.mean([one.ece.value for one in found])
    assert mean == pytest.approx(np.mean([one.noise for one in found]), rel=0.15)
    assert found[0].ece.reason == "no resamples were asked for"


def test_the_surest_are_as_many_as_there_are_people() -> None:
    ranking = replace(drawn(3000, 60), people=np.full(60, 5))
    surest = look_at_scores(streets(60, 6), ranking, RESAMPLING).surest
    assert sum(one.detections for one in surest.bins) == 300
    assert surest.bins[0].score >= float(ranking.scores[299]) - 1e-6


@pytest.mark.parametrize("detections", [0, 1, 7, 5000])
def test_it_can_be_told_and_drawn_whatever_there_is(detections: int) -> None:
    scores = look_at_scores(streets(60, 6), drawn(detections, 60), RESAMPLING)
    document = json.loads(json.dumps(scores_document(scores), allow_nan=False))
    assert (document["ece"]["value"] is None) is (detections == 0)
    assert (document["cross_fitted"]["ece"] is None) is (detections < 100)
    assert scores_lines(scores)[0].startswith("ECE")
    assert reliability_diagram(scores).startswith("<svg")
