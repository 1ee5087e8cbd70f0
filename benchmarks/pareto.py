"""Who is beaten by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A detector by what it costs and what it gives."""

    name: str
    cost: float
    gain: float


def pareto_front(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points than which none is both cheaper and better, the cheapest first.

    Of equal points the first stays.
    """
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.cost, -point.gain)):
        if not front or point.gain > front[-1].gain:
            front.append(point)
    return tuple(front)
