"""What mending would give back: checked against measuring mended detections anew."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import Boxes
from tests.training.evaluation.test_error_causes import THRESHOLD, errors_of, look
from tests.training.evaluation.truth import boxes, sample, standing
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import Resampling
from training.evaluation.error_causes import Error, find_errors
from training.evaluation.error_gains import ap50_given_back
from training.evaluation.ranking import every_image_once, rank, tally

RESAMPLING = Resampling(50)
LEFT, RIGHT = standing(60, left=40, top=80), standing(60, left=200, top=80)
AWAY = standing(60, left=120, top=10)


def ap50(samples: list, found: list[Boxes]) -> float:
    ranking = rank(samples, found)
    return float(average_precision(tally(ranking, every_image_once(ranking)))[0])


def gains(samples: list, found: list[Boxes]) -> dict[tuple[str, str], float]:
    looks = [look(one, truth) for one, truth in zip(found, samples, strict=True)]
    errors = find_errors(samples, looks, THRESHOLD)
    given = ap50_given_back(samples, found, errors, THRESHOLD, RESAMPLING)
    return {cause: estimate.value for cause, estimate in given.items()}


def test_without_errors_there_is_nothing_to_mend() -> None:
    assert gains([sample([LEFT])], [boxes((LEFT, 0.9))]) == {}


def test_a_false_alarm_ahead_of_a_hit_is_worth_half() -> None:
    found = [boxes((AWAY, 0.9), (LEFT, 0.8))]
    assert gains([sample([LEFT])], found) == {("false alarm", "background"): pytest.approx(0.5)}


def test_a_person_missed_is_found_at_the_threshold_and_not_twice() -> None:
    people = sample([LEFT, RIGHT])
    assert gains([people], [boxes((LEFT, 0.9))]) == {
        ("miss", "not seen"): pytest.approx(1 - 51 / 101)
    }
    untrusted = boxes((LEFT, 0.9), (AWAY, 0.4), (RIGHT, 0.3))
    before = ap50([people], [untrusted])
    assert gains([people], [untrusted]) == {("miss", "not trusted"): pytest.approx(1 - before)}


@pytest.mark.parametrize("seed", range(5))
def test_mended_alarms_are_as_if_they_had_never_been(seed: int) -> None:
    samples, found, errors = errors_of(seed)
    given = ap50_given_back(samples, found, errors, THRESHOLD, RESAMPLING)
    before = ap50(list(samples), list(found))
    for (kind, cause), estimate in given.items():
        if kind != "false alarm":
            continue
        mended = [_without(index, one, cause, errors) for index, one in enumerate(found)]
        assert estimate.value == pytest.approx(ap50(list(samples), mended) - before, abs=1e-9)
        assert estimate.low <= estimate.value <= estimate.high


def _without(image: int, found: Boxes, cause: str, errors: tuple[Error, ...]) -> Boxes:
    gone = [
        error.index
        for error in errors
        if (error.kind, error.cause, error.image) == ("false alarm", cause, image)
    ]
    return found[~np.isin(np.arange(len(found)), gone)]
