"""Times by stage, and no percentile that the samples do not support."""

from __future__ import annotations

import math
import random
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.order_statistics import least_count
from belisha.timing import Percentiles, StageClock, percentiles


@pytest.mark.parametrize(
    ("count", "p50", "p90", "p99"),
    [
        (0, None, None, None),
        (1, None, None, None),
        (10, None, None, None),
        (11, 6, None, None),
        (63, 32, None, None),
        (64, 32, 58, None),
        (661, 331, 595, None),
        (662, 331, 596, 656),
        (1000, 500, 900, 990),
    ],
)
def test_a_percentile_needs_samples_beyond_it(
    count: int, p50: float | None, p90: float | None, p99: float | None
) -> None:
    times = [float(rank) for rank in range(1, count + 1)]
    random.Random(0).shuffle(times)
    worst = float(count) if count else None
    assert percentiles(times) == Percentiles(count, p50, p90, p99, worst)


@given(st.integers(1, 3000))
def test_a_percentile_is_a_time_that_happened_nearest_rank_upwards(count: int) -> None:
    result = percentiles(range(1, count + 1))
    shares = (Fraction(1, 2), Fraction(9, 10), Fraction(99, 100))
    for share, value in zip(shares, (result.p50, result.p90, result.p99), strict=True):
        enough = count >= least_count(float(share))
        assert value == (math.ceil(count * share) if enough else None)


def turn(clock: StageClock, *stages: str) -> float:
    clock.start()
    for stage in stages:
        clock.lap(stage)
    return clock.finish()


def test_the_first_turn_is_kept_apart() -> None:
    clock = StageClock()
    assert clock.first_ms is None
    first = turn(clock, "read", "infer")
    assert clock.first_ms == first
    assert clock.summary() == {"total": Percentiles(0, None, None, None, None)}
    later = turn(clock, "read", "infer")
    assert clock.first_ms == first
    assert clock.summary()["total"].worst == later


def test_stages_stand_in_order_of_appearance_and_total_last() -> None:
    clock = StageClock()
    for stages in (["warm"], ["read", "infer"], ["read", "decode", "infer"]):
        turn(clock, *stages)
    summary = clock.summary()
    assert [*summary] == ["read", "infer", "decode", "total"]
    assert [summary[stage].count for stage in summary] == [2, 2, 1, 2]


def test_stages_hold_the_time_spent_in_them_and_never_more_than_the_turn() -> None:
    clock = StageClock()
    turn(clock, "read")
    clock.start()
    clock.lap("read")
    time.sleep(0.02)
    clock.lap("infer")
    total = clock.finish()
    summary = clock.summary()
    assert (summary["infer"].worst or 0) >= 19
    assert (summary["read"].worst or 0) + (summary["infer"].worst or 0) <= total


def test_a_stage_may_come_twice_in_a_turn() -> None:
    clock = StageClock()
    turn(clock, "read")
    clock.start()
    for _ in range(2):
        time.sleep(0.01)
        clock.lap("infer")
    clock.finish()
    assert clock.summary()["infer"].count == 1
    assert (clock.summary()["infer"].worst or 0) >= 19


def test_a_turn_that_is_not_finished_is_not_counted() -> None:
    clock = StageClock()
    turn(clock, "read")
    clock.start()
    clock.lap("broken")
    turn(clock, "read")
    summary = clock.summary()
    assert [*summary] == ["read", "total"]
    assert summary["total"].count == 1
