"""Scores and threshold of a bundle are settled on what the trained network finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from belisha.boxes import Boxes
from belisha.calibration import OWN
from export.score_words import calibration_words, threshold_words
from export.scores import (
    DEFAULT_RATE,
    LEAST_THRESHOLD,
    UNMEASURED_THRESHOLD,
    Settled,
    figures,
    figures_by_source,
    settle,
    threshold_record,
    unmeasured,
)
from tests.training.evaluation.truth import boxes, dataset, sample, standing
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.score_fit import logits

RESAMPLING = Resampling(100)


def street(images: int = 80, shy: bool = True) -> tuple[Dataset, list[Boxes]]:
    """Two people an image. Nine in ten boxes scored .55 are people, one in ten of those scored .45:
    the scores are too shy.
    """
    random = np.random.default_rng(0)
    people = [standing(60, left=20), standing(60, left=100)]
    samples, found = [], []
    for index in range(images):
        source = "town" if index % 2 else "country"
        samples.append(sample(people, sequence=str(index // 8), source=source))
        rows = []
        for place, person in enumerate(people):
            right = random.random() < (0.9 if place == 0 else 0.1)
            score = (0.55 if place == 0 else 0.45) + random.uniform(-0.01, 0.01)
            rows.append((person if right else standing(30, left=200 + 20 * place), score))
        found.append(boxes(*rows))
    return dataset(*samples), found


def calibrated(settled: Settled, found: list[Boxes]) -> list[Boxes]:
    return [
        replace(
            one,
            scores=settled.calibration.scores(logits(one.scores).astype(np.float32), "logit"),
        )
        for one in found
    ]


def test_scores_come_to_say_the_share_of_people() -> None:
    data, found = street()
    settled = settle(found, data, RESAMPLING)
    first = np.array([one.scores[0] for one in calibrated(settled, found)])
    second = np.array([one.scores[1] for one in calibrated(settled, found)])
    assert first.mean() == pytest.approx(0.9, abs=0.05)
    assert second.mean() == pytest.approx(0.1, abs=0.05)
    assert "tried crosswise" in calibration_words(settled)


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3])
def test_the_threshold_is_of_calibrated_scores_and_keeps_the_rate(rate: float) -> None:
    data, found = street()
    settled = settle(found, data, RESAMPLING, rate=rate)
    point = figures(data.samples, calibrated(settled, found), settled.threshold, RESAMPLING)
    assert point.false_positives_per_image.value <= rate
    assert point.false_positives_per_image.value > rate - 2 / len(data)
    assert f"at most {rate:g} false positives" in threshold_words(settled)


def test_a_given_threshold_is_used_and_a_rate_that_cannot_be_reached_ends_at_the_least() -> None:
    data, found = street()
    given = settle(found, data, RESAMPLING, threshold=0.7)
    assert (given.threshold, given.rate) == (0.7, None)
    plenty = settle(found, data, RESAMPLING, rate=50.0)
    assert (plenty.threshold, plenty.rate) == (LEAST_THRESHOLD, 50.0)
    assert settle(found, data, RESAMPLING).rate == DEFAULT_RATE


def test_what_cannot_be_fitted_keeps_the_networks_scores_and_says_so() -> None:
    data, found = street(images=5)
    settled = settle(found, data, RESAMPLING)
    assert settled.calibration == OWN
    assert "not calibrated: too few" in calibration_words(settled)
    assert calibration_words(unmeasured(None)) == "not calibrated: there are no frames to fit on"
    assert unmeasured(None).threshold == UNMEASURED_THRESHOLD
    assert unmeasured(0.3).threshold == 0.3


def test_the_record_has_each_flavour_and_there_is_none_without_people() -> None:
    data, found = street()
    settled = settle(found, data, RESAMPLING, rate=0.1)
    scores = calibrated(settled, found)
    nothing = [Boxes.empty()] * len(data)
    record = threshold_record(settled, {"float": scores, "int8_cpu": nothing}, data, RESAMPLING)
    assert record is not None
    assert (record.images, record.people, record.asked) == (80, 160, 0.1)
    assert record.flavours["int8_cpu"].recall.value == 0
    recall = record.flavours["float"].recall
    assert recall.low is not None
    assert recall.high is not None
    assert recall.low < recall.value < recall.high
    empty = dataset(sample(), sample())
    assert threshold_record(settled, {"float": nothing[:2]}, empty, RESAMPLING) is None


def test_sources_are_told_apart_where_there_are_several() -> None:
    data, found = street()
    parts = figures_by_source(data, found, 0.3, RESAMPLING)
    assert list(parts) == ["country", "town"]
    alarms = [one.false_positives_per_image.value for one in parts.values()]
    whole = figures(data.samples, found, 0.3, RESAMPLING).false_positives_per_image.value
    assert np.mean(alarms) == pytest.approx(whole)
    town = dataset(*(one for one in data.samples if one.attributes["source"] == "town"))
    assert figures_by_source(town, found[1::2], 0.3, RESAMPLING) == {}
