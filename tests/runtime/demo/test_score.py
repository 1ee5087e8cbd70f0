"""Who of the drive was found: by condition and distance, don't-care respected."""

from __future__ import annotations

import math

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.demo.score import FrameScore, Tally, false_alarms_per_frame, score_frame, tally
from belisha.demo.truth import Person, Truth, TruthFrame
from belisha.errors import UsageError
from tests.doubles import frame_of

NEAR = Person(1, (10, 10, 20, 40), 1.0, 8.0, False)
FAR = Person(2, (60, 20, 64, 32), 0.9, 25.0, False)
CYCLIST = Person(3, (80, 10, 95, 40), 1.0, 12.0, True)
TRUTH = Truth(
    1,
    15.0,
    100,
    50,
    (TruthFrame(0, "day", (NEAR, FAR, CYCLIST)), TruthFrame(1, "night", (NEAR,))),
)


def scored(index: int, *boxes: tuple[float, float, float, float]) -> FrameScore:
    """A frame's score, when a detector gave these boxes."""
    found = Boxes(as_xyxy(boxes), np.linspace(0.9, 0.5, len(boxes), dtype=np.float32))
    return score_frame(frame_of(np.zeros((50, 100, 3), np.uint8), index=index), found, TRUTH)


def test_people_are_found_by_half_an_overlap() -> None:
    assert tally([scored(0, NEAR.xyxy)]) == Tally(asked=2, found=1)
    assert tally([scored(0, (10, 10, 20, 24))]) == Tally(asked=2, found=0)


def test_a_cyclist_is_neither_asked_for_nor_a_false_alarm() -> None:
    score = scored(0, CYCLIST.xyxy)
    assert tally([score]) == Tally(asked=2, found=0)
    assert score.false_alarms == 0


def test_a_box_on_nobody_is_a_false_alarm() -> None:
    scores = [scored(0, (30, 10, 40, 40), NEAR.xyxy), scored(1)]
    assert false_alarms_per_frame(scores) == 0.5
    assert false_alarms_per_frame(scores, "night") == 0
    assert math.isnan(false_alarms_per_frame(scores, "fog"))


def test_counts_can_be_had_by_condition_and_distance() -> None:
    scores = [scored(0, FAR.xyxy), scored(1, NEAR.xyxy)]
    assert tally(scores, condition="day") == Tally(2, 1)
    assert tally(scores, condition="night") == Tally(1, 1)
    assert tally(scores, band_m=(20, 30)) == Tally(1, 1)
    assert tally(scores, band_m=(8, 20)) == Tally(2, 1), "a band holds its lower end"
    assert tally(scores, condition="night", band_m=(20, 30)) == Tally(0, 0)


@pytest.mark.parametrize(("index", "size"), [(2, (50, 100)), (0, (48, 100))])
def test_a_clip_that_is_not_the_truths_is_refused(index: int, size: tuple[int, int]) -> None:
    frame = frame_of(np.zeros((*size, 3), np.uint8), index=index)
    with pytest.raises(UsageError, match="clip and truth differ"):
        score_frame(frame, Boxes.empty(), TRUTH)
