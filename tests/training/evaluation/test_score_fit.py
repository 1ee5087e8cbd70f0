"""A fit finds the calibration that made the data, and is measured on what it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.calibration import Calibration
from tests.training.evaluation.truth import sample
from training.data.coco import Sample
from training.evaluation.ranking import Ranking
from training.evaluation.score_fit import cross_fitted, fit_calibration, halves, logits

TRUE = Calibration(temperature=0.4, offset=0.5)


def drawn(count: int, images: int, truth: Calibration = TRUE, seed: int = 0) -> Ranking:
    """Detections whose own scores are calibrated by `truth`: hits are drawn with these chances."""
    random = np.random.default_rng(seed)
    logit = np.sort(random.normal(-1, 1.5, count))[::-1].astype(np.float32)
    own = (1 / (1 + np.exp(-logit))).astype(np.float32)
    hits = random.random(count) < truth.scores(logit, "logit")
    return Ranking(own, hits, random.integers(0, images, count), np.full(images, 3))


def streets(images: int, drives: int, **attributes: str) -> list[Sample]:
    return [sample(sequence=f"drive {index % drives}", **attributes) for index in range(images)]


@pytest.mark.parametrize("truth", [TRUE, Calibration(), Calibration(temperature=2, offset=-1)])
def test_the_calibration_that_made_the_data_is_found(truth: Calibration) -> None:
    ranking = drawn(20_000, 100, truth)
    fitted = fit_calibration(ranking.scores, ranking.hits)
    assert fitted is not None
    assert fitted.temperature == pytest.approx(truth.temperature, rel=0.06)
    assert fitted.offset == pytest.approx(truth.offset, abs=0.06)


def test_no_calibration_nearby_is_likelier() -> None:
    ranking = drawn(2000, 50)
    fitted = fit_calibration(ranking.scores, ranking.hits)
    assert fitted is not None
    raw = logits(ranking.scores).astype(np.float32)

    def likelihood(calibration: Calibration) -> float:
        chances = calibration.scores(raw, "logit").astype(np.float64)
        return float(np.log(np.where(ranking.hits, chances, 1 - chances)).sum())

    best = likelihood(fitted)
    for temperature, offset in [(0.01, 0), (-0.01, 0), (0, 0.02), (0, -0.02)]:
        other = Calibration(
            temperature=fitted.temperature + temperature, offset=fitted.offset + offset
        )
        assert likelihood(other) < best


@pytest.mark.parametrize(
    ("scores", "hits"),
    [
        (np.linspace(0.9, 0.1, 30), [True] * 30),  # no false alarm
        (np.linspace(0.9, 0.1, 39), [True] * 20 + [False] * 19),  # too few
        (np.linspace(0.9, 0.1, 60), [True] * 30 + [False] * 30),  # hits are all above
        (np.linspace(0.9, 0.1, 60), [False] * 30 + [True] * 30),  # all below
        (np.full(60, 0.5), [True, False] * 30),  # one score
        (np.linspace(0.9, 0.1, 90), [False] * 25 + [True] * 40 + [False] * 15 + [True] * 10),
        (np.zeros(0), []),
    ],
)
def test_what_cannot_be_fitted_is_left_alone(scores: np.ndarray, hits: list[bool]) -> None:
    assert fit_calibration(scores.astype(np.float32), np.array(hits, bool)) is None


def test_certain_scores_can_be_fitted() -> None:
    """Probabilities of foreign detectors reach 0 and 1."""
    scores = np.array([1.0] * 40 + [0.0] * 40, np.float32)
    hits = np.array([True] * 30 + [False] * 10 + [True] * 2 + [False] * 38)
    fitted = fit_calibration(scores, hits)
    assert fitted is not None
    calibrated = fitted.scores(logits(scores).astype(np.float32), "logit")
    assert calibrated[[0, -1]].tolist() == pytest.approx([30 / 40, 2 / 40], abs=1e-3)


def test_drives_never_part_and_the_halves_are_about_equal() -> None:
    samples, ranking = streets(90, 9), drawn(5000, 90)
    sides = halves(samples, ranking)
    assert sides is not None
    for drive in range(9):
        assert len(set(sides[drive::9].tolist())) == 1
    counts = np.bincount(sides[ranking.images])
    assert counts.min() > 0.4 * len(ranking.scores)


def test_equal_names_of_two_sources_are_two_drives_and_an_image_without_stands_for_itself() -> None:
    one_each = [sample(sequence="0", source="a"), sample(sequence="0", source="b")]
    assert halves(one_each, drawn(10, 2)) is not None
    assert halves([sample(), sample()], drawn(10, 2)) is not None
    assert halves(streets(5, 1), drawn(10, 5)) is None


def test_each_half_gets_the_fit_of_the_other() -> None:
    samples, ranking = streets(60, 6), drawn(6000, 60)
    sides = halves(samples, ranking)
    assert sides is not None
    crosswise = cross_fitted(samples, ranking)
    assert crosswise is not None
    side = sides[ranking.images]
    other = fit_calibration(ranking.scores[side == 1], ranking.hits[side == 1])
    assert other is not None
    mine = logits(ranking.scores[side == 0]).astype(np.float32)
    assert crosswise[side == 0].tolist() == other.scores(mine, "logit").tolist()


def test_nothing_is_tried_crosswise_on_one_drive_or_on_a_handful() -> None:
    assert cross_fitted(streets(60, 1), drawn(6000, 60)) is None
    assert cross_fitted(streets(60, 6), drawn(30, 60)) is None
