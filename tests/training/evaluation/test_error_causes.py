"""Every error gets exactly one cause, the first that applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from belisha.boxes import Boxes
from tests.training.evaluation.truth import (
    HEIGHT,
    WIDTH,
    Row,
    boxes,
    random_scene,
    sample,
    standing,
)
from training.data.coco import Sample
from training.evaluation.error_causes import ALARMS, MISSES, WAYS, Error, find_errors
from training.evaluation.looks import Look
from training.evaluation.worst_images import judge

THRESHOLD = 0.5
PERSON = standing(60, left=100, top=80)


def look(found: Boxes, sample: Sample, **changes: Any) -> Look:
    """What was seen, in good light; nothing else was suppressed."""
    bright = np.full(len(sample.xyxy), 100, np.float32)
    called = found[found.scores >= THRESHOLD]
    return replace(Look(found, called, None, bright, bright), **changes)


def only(truth: Sample, found: Boxes, **changes: Any) -> Error:
    (error,) = find_errors([truth], [look(found, truth, **changes)], THRESHOLD)
    return error


def moved(row: Row, right: float, down: float = 0.0) -> Row:
    return row[0] + right, row[1] + down, row[2] + right, row[3] + down


NOTHING = Boxes.empty()


@pytest.mark.parametrize(
    ("person", "cause"),
    [
        (standing(19.99, left=100, top=80), "too small"),
        (standing(20, left=100, top=80), "not seen"),
        (standing(60, left=1.9, top=80), "at the border"),
        (standing(60, left=100, top=0), "at the border"),
        (standing(60, left=WIDTH - 30, top=80), "at the border"),
        (standing(60, left=100, top=HEIGHT - 60), "at the border"),
        (standing(60, left=3, top=3), "not seen"),
    ],
)
def test_a_miss_by_what_the_person_is(person: Row, cause: str) -> None:
    error = only(sample([person]), NOTHING)
    assert (error.kind, error.cause, error.way, error.score) == ("miss", cause, "not seen", 0)


@pytest.mark.parametrize(
    ("hidden", "brightness", "contrast", "cause"),
    [
        (0.35, 100, 100, "occluded"),
        (0.34, 100, 100, "not seen"),
        (np.nan, 100, 100, "not seen"),
        (0.0, 39, 100, "dark or pale"),
        (0.0, 100, 11, "dark or pale"),
        (0.9, 0, 0, "occluded"),  # the first that applies
        (np.nan, np.nan, np.nan, "not seen"),
    ],
)
def test_a_miss_by_how_the_person_can_be_seen(
    hidden: float, brightness: float, contrast: float, cause: str
) -> None:
    truth = replace(sample([PERSON]), hidden=np.array([hidden], np.float32))
    light = {
        "brightness": np.array([brightness], np.float32),
        "contrast": np.array([contrast], np.float32),
    }
    assert only(truth, NOTHING, **light).cause == cause


def test_a_miss_by_what_the_detector_made_of_the_person() -> None:
    truth = sample([PERSON])
    assert only(truth, boxes((PERSON, 0.3))).way == "not trusted"
    assert only(truth, boxes((PERSON, 0.3))).score == pytest.approx(0.3)
    assert only(truth, NOTHING, candidates=boxes((PERSON, 0.9))).way == "suppressed"
    beside = moved(PERSON, 14)  # IoU .36
    miss, alarm = find_errors([truth], [look(boxes((beside, 0.9)), truth)], THRESHOLD)
    assert (miss.cause, alarm.cause) == ("badly placed", "badly placed")
    assert (miss.score, alarm.score) == (pytest.approx(0.9), pytest.approx(0.9))


def test_who_stands_close_was_suppressed_only_if_a_box_was_theirs() -> None:
    """The neighbour's own candidates overlap this person too, by less."""
    neighbour = moved(PERSON, 9)
    truth, found = sample([PERSON, neighbour]), boxes((PERSON, 0.9))
    theirs = boxes((PERSON, 0.9), (moved(neighbour, 1), 0.8))
    (error,) = find_errors([truth], [look(found, truth, candidates=theirs)], THRESHOLD)
    assert (error.index, error.cause) == (1, "suppressed")
    others = boxes((PERSON, 0.9), (moved(PERSON, 1), 0.8))
    (error,) = find_errors([truth], [look(found, truth, candidates=others)], THRESHOLD)
    assert error.cause == "not seen"


def test_a_hit_of_another_person_is_not_this_one_badly_placed() -> None:
    neighbour = moved(PERSON, 14)
    truth, found = sample([PERSON, neighbour]), boxes((PERSON, 0.9))
    (error,) = find_errors([truth], [look(found, truth)], THRESHOLD)
    assert error.cause == "not seen"


RIDER = standing(80, left=200, top=60)


@pytest.mark.parametrize(
    ("alarm", "cause"),
    [
        (moved(PERSON, 2), "double"),
        (moved(PERSON, 14), "badly placed"),
        (moved(RIDER, 28), "edge of don't care"),
        ((105, 85, 115, 100), "part of a person"),
        ((20, 10, 190, 230), "part of a person"),  # around one
        (standing(60, left=10, top=150), "background"),
    ],
)
def test_a_false_alarm_by_where_it_lies(alarm: Row, cause: str) -> None:
    truth = sample([PERSON], [RIDER])
    found = boxes((PERSON, 0.9), (alarm, 0.8))
    error = only(truth, found)
    assert (error.kind, error.cause, error.way) == ("false alarm", cause, "")
    assert (error.index, error.score) == (1, pytest.approx(0.8))
    assert error.xyxy.tolist() == pytest.approx(alarm)


def test_the_second_detector_is_asked_about_background_alone() -> None:
    alone, truth = standing(60, left=10, top=150), sample([PERSON])
    second = boxes((moved(alone, 4), 0.6), (moved(PERSON, 14), 0.6))
    found = boxes((PERSON, 0.9), (alone, 0.8))
    assert only(truth, found, second=second).cause == "drawn by nobody"
    assert only(truth, found, second=boxes((PERSON, 0.9))).cause == "background"
    found = boxes((PERSON, 0.9), (moved(PERSON, 14), 0.8))
    assert only(truth, found, second=second).cause == "badly placed"


def errors_of(seed: int) -> tuple[Sequence[Sample], Sequence[Boxes], tuple[Error, ...]]:
    samples, drawn = random_scene(seed, images=20)
    upright = [one[one.heights > 0] for one in drawn]  # noise turns a few over
    found = [one[np.argsort(-one.scores, kind="stable")] for one in upright]
    looks = [look(one, truth) for one, truth in zip(found, samples, strict=True)]
    return samples, found, find_errors(samples, looks, THRESHOLD)


@pytest.mark.parametrize("seed", range(10))
def test_the_errors_are_those_of_the_one_match_each_once(seed: int) -> None:
    samples, found, errors = errors_of(seed)
    for index, (truth, one) in enumerate(zip(samples, found, strict=True)):
        verdict = judge(truth, one, THRESHOLD)
        here = [error for error in errors if error.image == index]
        for kind, wrong in (
            ("miss", verdict.missed_people),
            ("false alarm", verdict.false_alarms.xyxy),
        ):
            rows = [error.xyxy.tolist() for error in here if error.kind == kind]
            assert sorted(rows) == sorted(wrong.tolist())
    assert len({(error.kind, error.image, error.index) for error in errors}) == len(errors)
    for error in errors:
        assert error.cause in (MISSES if error.kind == "miss" else ALARMS)
        assert (error.way in WAYS) is (error.kind == "miss")
