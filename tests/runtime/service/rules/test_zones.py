"""Zones: who stands where in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.boxes import as_xyxy
from belisha.service.rules.zones import Zone, foot_points, inside, that_count

SQUARE = Zone("square", ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
HOOK = Zone("hook", ((0.0, 0.0), (1.0, 0.0), (1.0, 0.4), (0.4, 0.4), (0.4, 1.0), (0.0, 1.0)))
SHARE = st.floats(0, 1, width=32)


@given(SHARE, SHARE)
def test_a_point_is_in_a_square_if_its_numbers_say_so(x: float, y: float) -> None:
    (told,) = inside(SQUARE, np.array([[x, y]]))
    if {x, y}.isdisjoint({0.25, 0.75}):
        assert told == (0.25 < x < 0.75 and 0.25 < y < 0.75)


@given(SHARE, SHARE)
def test_zones_may_have_bays(x: float, y: float) -> None:
    (told,) = inside(HOOK, np.array([[x, y]]))
    if {x, y}.isdisjoint({0.0, 0.4, 1.0}):
        assert told == (x < 0.4 or y < 0.4)


def test_a_person_stands_at_the_middle_of_the_lower_edge_also_below_the_picture() -> None:
    points = foot_points(as_xyxy([(10, 0, 30, 50), (10, 0, 30, 140)]), 100, 100)
    assert points.ravel().tolist() == pytest.approx([0.2, 0.5, 0.2, 1])
    assert points[1, 1] < 1, "so that a zone down to the border holds it"


def test_of_zones_that_overlap_the_lowest_score_applies() -> None:
    strict = Zone("strict", SQUARE.polygon, minimum_score=0.8)
    lenient = Zone("lenient", SQUARE.polygon, minimum_score=0.2)
    people = as_xyxy([(40, 10, 60, 50), (40, 10, 60, 50), (40, 10, 60, 20)])
    scores = np.array([0.9, 0.3, 0.9], np.float32)

    def counted(*zones: Zone) -> list[bool]:
        kept = that_count(people, scores, (100, 100), minimum_score=0.5, zones=zones, ignored=())
        return kept.tolist()

    assert counted() == [True, False, True]
    assert counted(SQUARE) == [True, False, False]
    assert counted(strict) == [True, False, False]
    assert counted(strict, lenient) == [True, True, False]
