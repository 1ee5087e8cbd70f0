"""Calibration: two numbers that change what scores say, never their order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.calibration import OWN, Calibration, ScoreKind

FITTED = Calibration(temperature=0.39, offset=0.44)

calibrations = st.builds(Calibration, temperature=st.floats(0.05, 20), offset=st.floats(-10, 10))
kinds: Any = st.sampled_from(["logit", "probability"])


def array(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def plain(own: float, calibration: Calibration) -> float:
    """The definition, for a score of the network's own."""
    logit = math.log(own / (1 - own))
    return 1 / (1 + math.exp(-(logit - calibration.offset) / calibration.temperature))


def test_without_calibration_scores_are_the_networks_own() -> None:
    assert OWN.is_identity
    given_scores = array(0, 0.3, 1)
    assert OWN.scores(given_scores, "probability") is given_scores
    logits = array(-100, -1, 0, 2, 100)
    expected = [0, 1 / (1 + math.e), 0.5, 1 / (1 + math.exp(-2)), 1]
    assert OWN.scores(logits, "logit").tolist() == pytest.approx(expected)


@given(st.floats(0.001, 0.999), calibrations)
def test_scores_follow_the_definition_whatever_the_model_gives(
    own: float, calibration: Calibration
) -> None:
    expected = pytest.approx(plain(own, calibration), rel=1e-3, abs=1e-7)
    logit = array(math.log(own / (1 - own)))
    assert calibration.scores(logit, "logit")[0] == expected
    assert calibration.scores(array(own), "probability")[0] == expected
    assert calibration.score_of(own) == expected


@given(calibrations, kinds, st.lists(st.floats(1 / 64, 63 / 64, width=32), min_size=2, max_size=9))
def test_the_order_stays(calibration: Calibration, kind: ScoreKind, raw: list[float]) -> None:
    scores = calibration.scores(np.sort(array(*raw)), kind)
    assert (np.diff(scores) >= 0).all()
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


@given(calibrations, kinds, st.floats(0.01, 0.99))
def test_the_raw_threshold_has_the_score_of_the_threshold(
    calibration: Calibration, kind: ScoreKind, threshold: float
) -> None:
    raw = calibration.raw_threshold(threshold, kind)
    inside = kind == "logit" or 1e-4 < raw < 1 - 1e-4  # beyond, float32 has too few digits
    if inside:
        (score,) = calibration.scores(array(raw), kind)
        assert score == pytest.approx(threshold, rel=5e-3)


@pytest.mark.parametrize("calibration", [OWN, FITTED])
def test_a_threshold_of_0_lets_all_through_and_one_of_1_only_certainty(
    calibration: Calibration,
) -> None:
    assert calibration.raw_threshold(0, "logit") == -math.inf
    assert calibration.raw_threshold(1, "logit") == math.inf
    assert calibration.raw_threshold(0, "probability") == 0
    assert calibration.raw_threshold(1, "probability") == 1


def test_small_scores_keep_their_digits() -> None:
    """The end of a curve is made of them, and ties would shuffle it."""
    scores = FITTED.scores(np.linspace(-6, -5.99, 50, dtype=np.float32), "logit")
    assert len(np.unique(scores)) == 50


def test_certain_probabilities_do_not_overflow() -> None:
    assert FITTED.scores(array(0, 1), "probability").tolist() == pytest.approx([0, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 0.0}, "expected a temperature from 0.01 to 100, got 0.0"),
        ({"temperature": -1.0}, "expected a temperature from 0.01 to 100, got -1.0"),
        ({"temperature": math.nan}, "expected a temperature from 0.01 to 100, got nan"),
        ({"offset": math.inf}, "expected an offset from -100 to 100, got inf"),
    ],
)
def test_numbers_without_sense_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Calibration(**changes)


def test_what_a_score_was_before_comes_back() -> None:
    raw = np.linspace(-6, 6, 50, dtype=np.float32)
    own = Calibration().scores(raw, "logit")
    calibration = Calibration(temperature=0.4, offset=0.45)
    assert np.allclose(calibration.own(calibration.scores(raw, "logit")), own, atol=1e-3)
    assert Calibration().own(own) is own
