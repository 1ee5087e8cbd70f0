"""Who is beaten by nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pareto import Point, pareto_front

NUMBERS = st.integers(0, 6)
POINTS = st.lists(st.builds(Point, st.just("x"), NUMBERS, NUMBERS), max_size=12)


def beats(one: Point, other: Point) -> bool:
    no_worse = one.cost <= other.cost and one.gain >= other.gain
    return no_worse and (one.cost, one.gain) != (other.cost, other.gain)


@given(POINTS)
def test_the_front_is_whoever_is_beaten_by_none(points: list[Point]) -> None:
    front = pareto_front(points)
    expected = {
        (point.cost, point.gain)
        for point in points
        if not any(beats(other, point) for other in points)
    }
    assert {(point.cost, point.gain) for point in front} == expected
    assert len(front) == len(expected)
    assert [point.cost for point in front] == sorted(point.cost for point in front)
