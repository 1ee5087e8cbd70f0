"""Detections meet reference boxes by COCO's rule."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.boxes import Boxes, FloatArray, as_xyxy
from belisha.matching import UNMATCHED, Matches, match
from tests.strategies import grid_boxes, scores

Box = tuple[float, float, float, float]

PERSON: Box = (0, 0, 10, 20)
EXACT: Box = (0, 0, 10, 20)
HALF: Box = (0, 0, 10, 10)  # overlaps PERSON by exactly 0.5
LOOSE: Box = (0, 0, 10, 16)  # by 0.8
FAR: Box = (80, 80, 90, 99)
CROWD: Box = (0, 0, 60, 60)  # holds PERSON whole; their overlap as IoU is only 0.06

HIT, ALARM, IGNORED = "hit", "false alarm", "ignored"


def verdicts(matches: Matches) -> list[str]:
    """What became of each detection."""
    words = []
    for hit, alarm, ignored in zip(
        matches.hits, matches.false_alarms, matches.ignored, strict=True
    ):
        assert hit + alarm + ignored == 1
        words.append(HIT if hit else ALARM if alarm else IGNORED)
    return words


@pytest.mark.parametrize(
    ("detections", "people", "regions", "small", "expected", "found"),
    [
        pytest.param([], [PERSON], [], [], [], [False], id="nobody is detected"),
        pytest.param([FAR], [], [], [], [ALARM], [], id="nobody is there"),
        pytest.param([EXACT], [PERSON], [], [], [HIT], [True], id="one person, one detection"),
        pytest.param([HALF], [PERSON], [], [], [HIT], [True], id="exactly min_iou is enough"),
        pytest.param([FAR], [PERSON], [], [], [ALARM], [False], id="beside the person"),
        pytest.param(
            [LOOSE, EXACT], [PERSON], [], [], [HIT, ALARM], [True],
            id="the better score comes first, though the other fits better",
        ),
        pytest.param(
            [EXACT], [(0, 0, 10, 16), PERSON], [], [], [HIT], [False, True],
            id="a detection takes the person that it overlaps most",
        ),
        pytest.param(
            [EXACT, EXACT], [(0, 0, 10, 16), PERSON], [], [], [HIT, HIT], [True, True],
            id="the second best is left for the next detection",
        ),
        pytest.param(
            [EXACT, EXACT, EXACT], [], [CROWD], [], [IGNORED] * 3, [True],
            id="a region swallows any number",
        ),
        pytest.param(
            [EXACT, LOOSE], [PERSON], [CROWD], [], [HIT, IGNORED], [True, True],
            id="a person in a region is found first, the double is excused",
        ),
        pytest.param(
            [HALF], [PERSON], [(0, 0, 10, 10)], [], [HIT], [True, False],
            id="a person comes before a region that fits better",
        ),
        pytest.param(
            [(40, 0, 80, 20)], [], [CROWD], [], [IGNORED], [True],
            id="half in a region is enough",
        ),
        pytest.param(
            [(41, 0, 81, 20)], [], [CROWD], [], [ALARM], [False],
            id="less than half in a region is not",
        ),
        pytest.param(
            [EXACT], [], [], [PERSON], [IGNORED], [True],
            id="a person out of range excuses a detection",
        ),
        pytest.param(
            [EXACT, LOOSE], [], [], [PERSON], [IGNORED, ALARM], [True],
            id="but only one",
        ),
        pytest.param(
            [EXACT], [HALF], [], [PERSON], [HIT], [True, False],
            id="a person in range comes before a better one out of range",
        ),
        pytest.param(
            [EXACT, EXACT, EXACT], [PERSON], [CROWD], [PERSON],
            [HIT, IGNORED, IGNORED], [True, True, False],
            id="a person, then the first of two excuses that fit equally",
        ),
        pytest.param([EXACT], [PERSON, PERSON], [], [], [HIT], [True, False], id="tie: the first"),
        pytest.param(
            [EXACT], [], [], [(5, 5, 5, 5)], [ALARM], [False], id="a point is overlapped by nobody"
        ),
    ],
)  # fmt: skip
def test_the_rule_by_example(
    detections: list[Box],
    people: list[Box],
    regions: list[Box],
    small: list[Box],
    expected: list[str],
    found: list[bool],
) -> None:
    """Detections stand in order of score; references are people, then regions, then small ones."""
    kinds = np.repeat([0, 1, 2], [len(people), len(regions), len(small)])
    matches = match(
        ranked(detections),
        as_xyxy([*people, *regions, *small]),
        dont_care=kinds == 1,
        out_of_range=kinds == 2,
    )
    assert verdicts(matches) == expected
    assert matches.found.tolist() == found


def ranked(xyxy: Sequence[Box] | FloatArray) -> Boxes:
    """Boxes whose scores fall in the order given."""
    return Boxes(as_xyxy(xyxy), np.linspace(0.9, 0.1, len(xyxy)).astype(np.float32))


def test_unmatched_detections_point_nowhere() -> None:
    matches = match(ranked([EXACT, FAR]), as_xyxy([PERSON]))
    assert matches.reference.tolist() == [0, UNMATCHED]


def exact_overlap(detection: FloatArray, reference: FloatArray, is_region: bool) -> Fraction:
    """IoU in fractions; for a region the share of the detection that lies in it."""
    left, top = np.maximum(detection[:2], reference[:2])
    right, bottom = np.minimum(detection[2:], reference[2:])
    shared = Fraction(int(max(right - left, 0) * max(bottom - top, 0)))
    own, other = (Fraction(int((b[2] - b[0]) * (b[3] - b[1]))) for b in (detection, reference))
    whole = own if is_region else own + other - shared
    return shared / whole if whole else Fraction(0)


def plain_match(
    detections: FloatArray,
    references: FloatArray,
    region: Sequence[bool],
    small: Sequence[bool],
    min_iou: Fraction,
) -> list[int]:
    """COCO's loop, one detection and one reference at a time."""
    taken: set[int] = set()
    partners = []
    for detection in detections:
        best, partner = Fraction(-1), UNMATCHED
        for wanted in (True, False):  # people who are asked for come first
            for index, reference in enumerate(references):
                excused = region[index] or small[index]
                if excused == wanted or (index in taken and not region[index]):
                    continue
                overlap = exact_overlap(detection, reference, region[index])
                if overlap >= min_iou and overlap > best:
                    best, partner = overlap, index
            if partner != UNMATCHED:
                break
        taken.add(partner)
        partners.append(partner)
    return partners


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Boxes, FloatArray, np.ndarray, np.ndarray]:
    """Detections, references, which of these are regions, which are out of range."""
    xyxy, references = draw(grid_boxes(most=6)), draw(grid_boxes(most=6))
    count = len(references)
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    region, small = (np.array(draw(flags), bool) for _ in range(2))
    return Boxes(xyxy, draw(scores(len(xyxy)))), references, region, small


@given(scenes(), st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1)]))
def test_matching_equals_the_plain_loop(
    scene: tuple[Boxes, FloatArray, np.ndarray, np.ndarray], min_iou: Fraction
) -> None:
    detections, references, region, small = scene
    matches = match(
        detections, references, min_iou=float(min_iou), dont_care=region, out_of_range=small
    )
    partners = plain_match(detections.xyxy, references, region.tolist(), small.tolist(), min_iou)
    assert matches.reference.tolist() == partners


@given(scenes(), st.sampled_from([0.25, 0.5, 0.75]))
def test_every_detection_has_one_verdict_and_only_regions_are_shared(
    scene: tuple[Boxes, FloatArray, np.ndarray, np.ndarray], min_iou: float
) -> None:
    detections, references, region, small = scene
    matches = match(detections, references, min_iou=min_iou, dont_care=region, out_of_range=small)
    assert len(verdicts(matches)) == len(detections)
    partners = matches.reference[matches.reference != UNMATCHED]
    people = partners[~region[partners]]
    assert len(set(people.tolist())) == len(people)
    assert set(np.flatnonzero(matches.found)) == set(partners.tolist())
    assert not (region | small)[matches.reference[matches.hits]].any()


@given(scenes(), st.sampled_from([(0.25, 0.5), (0.5, 0.75), (0.25, 0.75)]))
def test_who_is_found_strictly_is_also_found_loosely(
    scene: tuple[Boxes, FloatArray, np.ndarray, np.ndarray], loose_and_strict: tuple[float, float]
) -> None:
    """By induction: a person that is free loosely is free strictly, so the same one is best."""
    detections, references, region, small = scene
    wanted = ~(region | small)
    loose, strict = (
        match(detections, references, min_iou=min_iou, dont_care=region, out_of_range=small)
        for min_iou in loose_and_strict
    )
    assert not (strict.found & ~loose.found & wanted).any()
    assert strict.hits.sum() <= loose.hits.sum()


@given(scenes())
def test_excuses_never_change_who_is_found(
    scene: tuple[Boxes, FloatArray, np.ndarray, np.ndarray],
) -> None:
    detections, references, region, small = scene
    wanted = ~(region | small)
    full = match(detections, references, dont_care=region, out_of_range=small)
    alone = match(detections, references[wanted])
    assert full.found[wanted].tolist() == alone.found.tolist()
    assert full.hits.tolist() == alone.hits.tolist()
