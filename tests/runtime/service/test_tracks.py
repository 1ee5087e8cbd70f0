"""People keep their identities: through misses, low scores, occlusion, turns and dropped frames."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.service.tracks import Tracker, TrackerSettings, Tracks

STEP_NS = 66_666_667
"""15 frames a second."""


def boxes(*rows: tuple[float, float, float, float, float]) -> Boxes:
    """left, top, right, bottom, score -> Boxes, best first."""
    ordered = sorted(rows, key=lambda row: -row[4])
    return Boxes(
        as_xyxy([row[:4] for row in ordered]), np.array([row[4] for row in ordered], np.float32)
    )


def person(x: float, score: float = 0.9, foot: float = 300, tall: float = 100) -> tuple:
    """A box around somebody who stands at x."""
    return x - tall / 5, foot - tall, x + tall / 5, foot, score


def follow(tracker: Tracker, frames: list[list[tuple]]) -> Iterator[Tracks]:
    """The tracks of each frame in turn."""
    for index, rows in enumerate(frames):
        yield tracker.update(boxes(*rows), index * STEP_NS)


def found_ids(tracks: Tracks) -> list[int]:
    """Ids of those found, by where they stand."""
    here = tracks[tracks.found]
    return here.ids[np.argsort(here.xyxy[:, 0])].tolist()


def test_two_who_walk_keep_their_ids_and_a_newcomer_gets_a_new_one() -> None:
    frames = [[person(100 + 3 * t), person(400 - 2 * t)] for t in range(20)]
    frames[10:] = [[*rows, person(550)] for rows in frames[10:]]
    answers = list(follow(Tracker(), frames))
    assert [found_ids(tracks) for tracks in answers[:10]] == [[1, 2]] * 10
    assert [found_ids(tracks) for tracks in answers[10:]] == [[1, 2, 3]] * 10


def test_a_person_is_confirmed_by_the_second_box_and_known_from_the_first() -> None:
    first, second = follow(Tracker(), [[person(100)], [person(101)]])
    assert first.ids.tolist() == second.ids.tolist() == [1]
    assert (first.confirmed.tolist(), second.confirmed.tolist()) == ([False], [True])
    assert second.age_s.tolist() == pytest.approx([0.0667], abs=1e-3)


def test_the_box_of_a_person_who_is_found_is_the_detectors_own() -> None:
    tracker = Tracker()
    for step in range(4):
        given = boxes(person(100.3 + 7.7 * step), person(400.7 - 3.1 * step, 0.6))
        tracks = tracker.update(given, step * STEP_NS)
    assert np.array_equal(tracks.xyxy, given.xyxy)
    assert np.array_equal(tracks.scores, given.scores)


@pytest.mark.parametrize("rate_hz", [2, 5, 15, 60])
def test_unsure_boxes_keep_a_person_at_every_rate(rate_hz: int) -> None:
    tracker, seen = Tracker(), set()
    for step in range(12):
        rows = boxes(person(100, 0.9 if step < 3 else 0.2))
        seen.update(tracker.update(rows, round(step * 1e9 / rate_hz)).ids.tolist())
    assert seen == {1}


def test_a_false_box_of_one_frame_is_forgotten_at_once() -> None:
    answers = list(follow(Tracker(), [[person(100)], [], [person(100)]]))
    assert [tracks.ids.tolist() for tracks in answers] == [[1], [], [2]]


def test_a_box_of_low_score_continues_a_person_but_begins_none() -> None:
    frames = [[person(100 + t), person(400, 0.2)] for t in range(3)]
    frames += [[person(103 + t, 0.2), person(400, 0.2)] for t in range(5)]
    answers = list(follow(Tracker(), frames))
    assert [found_ids(tracks) for tracks in answers] == [[1]] * 8
    assert answers[-1].scores.tolist() == pytest.approx([0.2])


def test_a_person_behind_a_post_comes_out_as_the_same_person() -> None:
    walk = [[person(100 + 5 * t)] for t in range(30)]
    hidden = walk[:12] + [[] for _ in range(8)] + walk[20:]
    answers = list(follow(Tracker(), hidden))
    missing = answers[15]
    assert missing.found.tolist() == [False]
    assert missing.missing_s.tolist() == pytest.approx([4 / 15], abs=1e-3)
    assert missing.xyxy[0, 0] == pytest.approx(person(100 + 5 * 15)[0], abs=6), "it walks on"
    assert len(missing.boxes) == 0
    assert found_ids(answers[20]) == found_ids(answers[29]) == [1]


def test_nobody_is_remembered_for_longer_than_asked() -> None:
    frames = [[person(100)], [person(100)], *[[] for _ in range(30)]]
    answers = list(follow(Tracker(), frames))
    assert len(answers[20]) == 1
    assert len(answers[31]) == 0


def test_two_who_cross_do_not_swap() -> None:
    frames = [[person(100 + 8 * t), person(340 - 8 * t, 0.8)] for t in range(30)]
    for t in (14, 15, 16):  # one hides the other
        frames[t] = frames[t][:1]
    answers = list(follow(Tracker(), frames))
    assert found_ids(answers[0]) == [1, 2]
    assert found_ids(answers[29]) == [2, 1]


def test_one_person_with_two_boxes_stays_one() -> None:
    frames = [[person(100)], [person(100)], [person(100), person(102, 0.6)], [person(100)]]
    assert [len(tracks) for tracks in follow(Tracker(), frames)] == [1] * 4


def test_irregular_and_dropped_frames_do_not_lose_a_walker() -> None:
    tracker, seen = Tracker(), set()
    for moment in itertools.accumulate([66, 66, 66, 200, 33, 133, 66, 266, 66, 66]):
        tracks = tracker.update(boxes(person(0.12 * moment)), moment * 1_000_000)
        seen.update(tracks.ids.tolist())
    assert seen == {1}


@pytest.mark.parametrize("jump_ns", [-5_000_000_000, 60_000_000_000])
def test_after_a_jump_of_the_clock_everybody_is_new(jump_ns: int) -> None:
    tracker = Tracker()
    tracker.update(boxes(person(100)), 10 * STEP_NS)
    tracker.update(boxes(person(100)), 11 * STEP_NS)
    assert tracker.update(boxes(person(100)), 11 * STEP_NS + jump_ns).ids.tolist() == [2]


def test_the_same_moment_twice_is_no_division_by_zero() -> None:
    tracker = Tracker()
    for _ in range(4):
        tracks = tracker.update(boxes(person(100)), 5)
    assert tracks.ids.tolist() == [1]
    assert np.isfinite(tracks.xyxy).all()


def test_a_turn_of_the_car_is_taken_out_with_the_frame_and_loses_people_without() -> None:
    street = np.random.default_rng(0).integers(0, 255, (60, 200, 3), np.uint8)
    street = np.kron(street, np.ones((8, 8, 1), np.uint8))

    def last_ids(*, with_frames: bool) -> list[int]:
        tracker = Tracker()
        for t in range(12):
            turned = 26 * t
            frame = np.ascontiguousarray(street[:480, turned : turned + 640])
            rows = boxes(person(550 - turned, tall=50), person(600 - turned, tall=50))
            tracks = tracker.update(rows, t * STEP_NS, frame if with_frames else None)
        return found_ids(tracks)

    assert last_ids(with_frames=True) == [1, 2]
    assert last_ids(with_frames=False) != [1, 2]


def test_people_found_come_first_by_score_and_can_be_selected() -> None:
    frames = [[person(100, 0.6), person(300, 0.9), person(500, 0.7)]] * 2
    frames.append([person(100, 0.6), person(500, 0.7)])
    *_, tracks = follow(Tracker(), frames)
    assert tracks.scores.tolist() == pytest.approx([0.7, 0.6, 0.9])
    assert tracks.found.tolist() == [True, True, False]
    assert tracks[tracks.found].ids.tolist() == tracks.ids[:2].tolist()
    assert tracks.boxes.scores.tolist() == pytest.approx([0.7, 0.6])


def test_ids_do_not_depend_on_the_order_of_equal_scores_or_on_the_machine() -> None:
    chance = np.random.default_rng(3)
    frames = [[person(x + chance.normal(0, 2)) for x in range(50, 600, 60)] for _ in range(30)]
    first, second = ([t.ids.tolist() for t in follow(Tracker(), frames)] for _ in range(2))
    assert first == second


def test_an_update_of_twenty_people_takes_little_of_a_frame() -> None:
    frames = [[person(20 + 30 * x + t) for x in range(20)] for t in range(60)]
    tracker, best = Tracker(), 1.0
    for index, rows in enumerate(frames):
        given = boxes(*rows)
        begun = time.perf_counter()
        tracker.update(given, index * STEP_NS)
        best = min(best, time.perf_counter() - begun)
    assert best < 3e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"high_score": 7}, "expected 0 <= low_score <= high_score <= 1, got 2.1 and 7"),
        ({"low_score": 0.5}, "got 0.5 and 0.4"),
        ({"confirm_hits": 0}, "expected confirm_hits of at least 1, got 0"),
        ({"least_beta": 0}, "expected least_beta above 0 and at most 1, got 0"),
        ({"patience_s": 99}, "expected patience_s of 0 to 10, got 99"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrackerSettings(**changes)


def test_what_is_sure_follows_the_detectors_threshold() -> None:
    seen = boxes(person(100, 0.25))
    assert len(Tracker().update(seen, 0)) == 0
    assert len(Tracker().update(seen, 0, threshold=0.2)) == 1
    assert TrackerSettings().scores(0.2) == pytest.approx((0.2, 0.06))
    assert TrackerSettings(high_score=0.5, low_score=0.1).scores(0.2) == (0.5, 0.1)


def test_memory_does_not_grow_with_the_people_met() -> None:
    tracker = Tracker()
    for t in range(600):
        tracks = tracker.update(boxes(person(t * 37 % 600), person(t * 91 % 600)), t * STEP_NS)
    assert len(tracks) < 60
