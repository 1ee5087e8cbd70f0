"""MR-2, against Dollár et al. 2012 and against lists worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.evaluation.truth import random_scene, ranking
from training.evaluation.miss_rate import (
    FALSE_POSITIVES_PER_IMAGE,
    log_average_miss_rate,
    miss_rates,
)
from training.evaluation.ranking import Ranking, every_image_once, rank, tally

SOME = 1e-10
"""What stands for a miss rate of zero."""


def miss_rate(ranked: Ranking) -> float:
    return float(log_average_miss_rate(tally(ranked, every_image_once(ranked)))[0])


def published_definition(ranked: Ranking) -> float:
    """The paper's words as a slow loop: lower the threshold detection by detection."""
    images, people = len(ranked.people), int(ranked.people.sum())
    curve = [(0.0, 1.0)]  # a threshold above every score: nothing found, no false alarm
    hits = alarms = 0
    for hit in ranked.hits:
        hits, alarms = hits + int(hit), alarms + int(not hit)
        curve.append((alarms / images, 1 - hits / people))
    sampled = [
        min(missed for rate, missed in curve if rate <= reference)
        for reference in np.logspace(-2, 0, 9)
    ]
    return float(np.exp(np.mean(np.log(np.maximum(sampled, SOME)))))


@given(st.integers(0, 2**32), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_equals_the_published_definition(seed: int, images: int) -> None:
    ranked = rank(*random_scene(seed, images), min_height=20)
    if ranked.people.sum():
        assert miss_rate(ranked) == pytest.approx(published_definition(ranked), rel=1e-9)


def test_nine_rates_evenly_spaced_on_a_log_scale_from_a_hundredth_to_one() -> None:
    expected = [0.01, 0.017783, 0.031623, 0.056234, 0.1, 0.177828, 0.316228, 0.562341, 1]
    assert pytest.approx(expected, abs=1e-6) == FALSE_POSITIVES_PER_IMAGE


@pytest.mark.parametrize(
    ("verdicts", "people", "images", "expected"),
    [
        ("hhhh", 4, 100, [SOME] * 9),
        ("", 4, 100, [1] * 9),
        ("ffff", 4, 100, [1] * 9),
        ("hh", 4, 100, [0.5] * 9),  # the curve ends early: its least miss rate holds on
        ("fh", 2, 100, [0.5] * 9),  # one false alarm in 100 images is just affordable at 0.01
        ("ffh", 2, 100, [1] + [1] + [0.5] * 7),  # two are affordable from 0.0316
        ("fh", 2, 10, [1] * 4 + [0.5] * 5),
        ("fh", 1, 1, [1] * 8 + [SOME]),  # nothing is found before the first false alarm
        ("ffh", 1, 1, [1] * 9),
        ("hfhffffffffffh", 4, 100, [0.5] * 5 + [0.25] * 4),
    ],
)
def test_miss_rates_by_hand(verdicts: str, people: int, images: int, expected: list[float]) -> None:
    ranked = ranking(verdicts, people, images)
    (rates,) = miss_rates(tally(ranked, every_image_once(ranked)))
    assert np.maximum(rates, SOME) == pytest.approx(expected)
    assert miss_rate(ranked) == pytest.approx(np.exp(np.mean(np.log(expected))))


def test_without_people_there_is_no_miss_rate() -> None:
    assert np.isnan(miss_rate(ranking("f", people=0, images=1)))
