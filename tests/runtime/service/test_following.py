"""From boxes to people that count: followed, judged by rule and zone, with distances."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.bundle import Bundle
from belisha.cameras import Frame
from belisha.detector import Detector
from belisha.service.following import Following
from belisha.service.mounting import Mounting
from belisha.service.results import Choice, Seen
from belisha.service.rules.rulebook import Decision, Rules
from belisha.service.rules.signals import Signals
from belisha.service.tracks import UNSURE, Tracker
from belisha.timing import TurnClock

PICTURE = np.full((480, 640, 3), 90, np.uint8)
RULES = """
format: 1
bundles: {day: {}}
zones:
  road: {polygon: [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]], minimum_score: 0.2}
otherwise: {use: day, minimum_score: 0.6, zones: [road]}
"""


@pytest.fixture
def choice(toy: Bundle) -> Iterator[Choice]:
    """The toy detector, whose own threshold is 0.5, without rules."""
    with Detector.open(toy.path, threads=1) as detector:
        yield Choice(detector, "toy")


def decision() -> Decision:
    return Rules.parse(RULES, "rules.yaml").decide(Signals())


def boxes(*rows: tuple[float, float, float, float, float]) -> Boxes:
    """left, top, right, bottom, score of each."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Boxes(as_xyxy(table[:, :4]), table[:, 4])


def seen(following: Following, choice: Choice, found: Boxes, at_s: float = 0.0) -> Seen:
    return following.see(Frame(PICTURE, "test", 0, at_s, 30.0), choice, found, TurnClock())


def test_without_a_tracker_each_frame_stands_alone(choice: Choice) -> None:
    following = Following()
    assert following.threshold(choice) == 0.5
    found = seen(following, choice, boxes((10, 10, 30, 60, 0.7), (90, 10, 110, 60, 0.4)))
    assert found.boxes.scores.tolist() == pytest.approx([0.7])
    assert (found.tracks, found.distances) == (None, None)


def test_zones_and_scores_of_the_rule_decide_who_counts(choice: Choice) -> None:
    ruled = Choice(choice.detector, "day", decision=decision())
    assert ruled.threshold == 0.6
    assert Following().threshold(ruled) == 0.2
    found = seen(Following(), ruled, boxes((400, 10, 430, 90, 0.3), (40, 10, 70, 90, 0.9)))
    assert found.boxes.xyxy.tolist() == [[400, 10, 430, 90]]


def test_a_person_keeps_the_number_and_counts_while_half_hidden(choice: Choice) -> None:
    following = Following(Tracker())
    assert following.threshold(choice) == pytest.approx(UNSURE * choice.floor)
    numbers = []
    for index, score in enumerate((0.8, 0.8, 0.8, 0.3, 0.2, 0.8)):
        found = seen(following, choice, boxes((100, 100, 140, 200, score)), index / 30)
        assert found.tracks is not None
        numbers.append(found.tracks.ids.tolist())
    assert numbers == [[], [1], [1], [1], [1], [1]]


def test_a_person_who_vanishes_is_hidden_and_in_no_box(choice: Choice) -> None:
    following = Following(Tracker(), Mounting())
    for index in range(5):
        seen(following, choice, boxes((100, 100, 140, 300, 0.8)), index / 30)
    found = seen(following, choice, boxes(), 5 / 30)
    assert len(found.boxes) == 0
    assert found.tracks is not None
    assert found.tracks.ids.tolist() == [1]
    assert found.tracks.missing_s[0] > 0
    assert found.distances is not None
    assert len(found.distances.metres) == 1


def test_both_stages_are_on_the_clock(choice: Choice) -> None:
    clock = TurnClock()
    clock.start(time.perf_counter())
    frame = Frame(PICTURE, "test", 0, 0.0, 30.0)
    Following(Tracker()).see(frame, choice, boxes((1, 1, 9, 30, 0.9)), clock)
    assert list(clock.turn_ms) == ["track", "rules"]


def test_a_reload_with_the_same_settings_can_go_on(choice: Choice) -> None:
    tracker = Tracker()
    following = Following(tracker, Mounting())
    assert following.is_as(tracker.settings, Mounting())
    assert not following.is_as(tracker.settings, Mounting(height_m=2.0))
    assert not following.is_as(None, Mounting())
