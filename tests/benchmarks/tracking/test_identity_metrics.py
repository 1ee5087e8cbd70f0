"""Metrics of tracking, by hand on small cases, and against an independent count."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from belisha.boxes import as_xyxy
from benchmarks.tracking.assignment import best_assignment
from benchmarks.tracking.identity_metrics import IdentityFrame, identity_scores


def place(x: float) -> tuple[float, float, float, float]:
    return x, 0.0, x + 10, 30.0


def frame(
    people: dict[int, float], tracks: dict[int, float], dont_care: tuple[float, ...] = ()
) -> IdentityFrame:
    """Who stands where, and which id was found where."""
    return IdentityFrame(
        np.array(list(people), np.int64),
        as_xyxy([place(x) for x in people.values()]),
        as_xyxy([place(x) for x in dont_care]),
        np.array(list(tracks), np.int64),
        as_xyxy([place(x) for x in tracks.values()]),
    )


def test_perfect_tracking_scores_one() -> None:
    scores = identity_scores([[frame({1: 0, 2: 100}, {7: 0, 8: 100})] * 5])
    assert (scores.people, scores.boxes, scores.switches) == (2, 10, 0)
    shares = (scores.mota, scores.idf1, scores.hota, scores.association)
    assert shares == pytest.approx((1, 1, 1, 1))


def test_finding_nobody_scores_nothing() -> None:
    scores = identity_scores([[frame({1: 0}, {})] * 4])
    assert (scores.missed, scores.mota, scores.idf1, scores.hota) == (4, 0, 0, 0)


def test_a_change_of_id_half_way_costs_one_switch_and_half_of_the_identity() -> None:
    scores = identity_scores([[*[frame({1: 0}, {7: 0})] * 5, *[frame({1: 0}, {8: 0})] * 5]])
    assert (scores.switches, scores.missed, scores.false_alarms) == (1, 0, 0)
    assert scores.mota == pytest.approx(0.9)
    assert scores.idf1 == pytest.approx(0.5)
    # Every box is found; each is associated with 5 of 10 boxes of its person.
    assert scores.association == pytest.approx(0.5)
    assert scores.hota == pytest.approx(np.sqrt(0.5))


def test_two_who_swap_their_ids_are_two_switches() -> None:
    before, after = frame({1: 0, 2: 100}, {7: 0, 8: 100}), frame({1: 0, 2: 100}, {8: 0, 7: 100})
    assert identity_scores([[before, before, after, after]]).switches == 2


def test_coming_back_under_the_same_id_after_a_gap_is_no_switch() -> None:
    here, gone = frame({1: 0}, {7: 0}), frame({1: 0}, {})
    scores = identity_scores([[here, here, gone, gone, here]])
    assert (scores.switches, scores.missed) == (0, 2)


def test_a_track_on_somebody_who_is_not_asked_for_is_neither_hit_nor_false() -> None:
    scores = identity_scores([[frame({1: 0}, {7: 0, 8: 50, 9: 200}, dont_care=(50,))]])
    assert (scores.missed, scores.false_alarms) == (0, 1)


def test_an_identity_is_kept_where_another_box_overlaps_a_little_more() -> None:
    first = frame({1: 0, 2: 100}, {7: 0, 8: 100})
    second = frame({1: 0, 2: 100}, {7: 2, 8: 100, 9: 0})
    assert identity_scores([[first, second]]).switches == 0


def test_ids_of_different_drives_never_meet() -> None:
    drive = [frame({1: 0}, {7: 0})] * 3
    other = [frame({1: 0}, {9: 0})] * 3
    scores = identity_scores([drive, other])
    assert (scores.people, scores.switches) == (2, 0)
    assert scores.idf1 == pytest.approx(1)


@pytest.mark.parametrize("seed", range(40))
def test_the_assignment_is_the_best_of_all(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows, columns = (int(side) for side in chance.integers(1, 6, 2))
    gain = np.round(chance.random((rows, columns)), 1)
    pairs = best_assignment(gain, 0.2)
    useful = np.where(gain >= 0.2, gain, 0.0)
    table = useful if rows <= columns else useful.T
    best = max(
        sum(table[row, column] for row, column in enumerate(order))
        for order in itertools.permutations(range(table.shape[1]), table.shape[0])
    )
    assert sum(gain[pair] for pair in pairs) == pytest.approx(best)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)


def test_nothing_is_assigned_to_nothing() -> None:
    assert best_assignment(np.zeros((0, 3)), 0.1) == []
    assert best_assignment(np.zeros((2, 3)), 0.1) == []


def drawn_drive(seed: int) -> list[IdentityFrame]:
    """Six people who walk through each other; misses, jitter, false boxes and changes of id."""
    chance = np.random.default_rng(seed)
    start, speed = chance.uniform(0, 200, 6), chance.uniform(-3, 3, 6)
    ids, newest, frames = list(range(6)), 6, []
    for moment in range(40):
        people = {who: float(start[who] + speed[who] * moment) for who in range(6)}
        tracks = {}
        for who, x in people.items():
            if chance.random() < 0.05:
                ids[who], newest = newest, newest + 1
            if chance.random() < 0.85:
                tracks[ids[who]] = x + float(chance.normal(0, 1.5))
        if chance.random() < 0.3:
            tracks[10_000 + moment // 5] = float(chance.uniform(0, 250))
        frames.append(frame(people, tracks))
    return frames


@pytest.mark.parametrize(
    ("seed", "mota", "idf1", "hota", "association", "switches"),
    [
        (0, 0.687500, 0.654788, 0.504795, 0.433846, 10),
        (1, 0.741667, 0.554113, 0.489194, 0.371303, 14),
        (2, 0.754167, 0.653763, 0.562830, 0.481398, 12),
    ],
)
def test_another_implementation_says_the_same(
    seed: int, mota: float, idf1: float, hota: float, association: float, switches: int
) -> None:
    """Figures of `trackers.eval` 2.6.1 (Roboflow, after TrackEval) on the same drives."""
    scores = identity_scores([drawn_drive(seed)])
    assert scores.switches == switches
    shares = (scores.mota, scores.idf1, scores.hota, scores.association)
    assert shares == pytest.approx((mota, idf1, hota, association), abs=1e-6)
