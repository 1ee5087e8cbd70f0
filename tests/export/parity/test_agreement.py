"""Whom two detectors both find: hysteresis on one side at a time, one partner each."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import Boxes
from belisha.calibration import Calibration
from export.parity.agreement import Agreement, agree
from tests.training.evaluation.truth import boxes, standing

ONE, OTHER = standing(40), standing(40, left=100)


def compared(reference: Boxes, candidate: Boxes) -> Agreement:
    return agree([reference], [candidate], threshold=0.5, hysteresis=0.05, min_iou=0.5)


def test_a_detector_agrees_with_itself() -> None:
    found = boxes((ONE, 0.9), (OTHER, 0.6))
    both = compared(found, found)
    for side in (both.reference, both.candidate):
        assert side.partner.all()
        assert side.overlaps == pytest.approx([1, 1])
        assert side.shifts == pytest.approx([0, 0])


def test_a_score_that_falls_below_the_threshold_by_a_hair_is_nobody_lost() -> None:
    both = compared(boxes((ONE, 0.51)), boxes((ONE, 0.46)))
    assert both.reference.partner.tolist() == [True]
    assert both.reference.shifts == pytest.approx([-0.05])
    assert len(both.candidate.frames) == 0, "the candidate calls nobody"


def test_a_shift_is_one_of_the_scores_before_they_were_calibrated() -> None:
    calibration = Calibration(temperature=0.5, offset=-1.0)
    found = calibration.scores(np.array([0.2, -0.1], np.float32), "logit")
    both = agree(
        [boxes((ONE, float(found[0])))],
        [boxes((ONE, float(found[1])))],
        threshold=0.5,
        hysteresis=0.05,
        min_iou=0.5,
        calibration=calibration,
    )
    own = 1 / (1 + np.exp(0.1)) - 1 / (1 + np.exp(-0.2))
    assert both.reference.shifts == pytest.approx([own], abs=1e-5)
    assert both.candidate.shifts == pytest.approx([-own], abs=1e-5)


def test_a_score_that_falls_further_is_a_person_lost() -> None:
    both = compared(boxes((ONE, 0.51)), boxes((ONE, 0.44)))
    assert both.reference.partner.tolist() == [False]
    assert np.isnan(both.reference.overlaps).all()


def test_hysteresis_holds_in_the_other_direction_too() -> None:
    assert compared(boxes((ONE, 0.46)), boxes((ONE, 0.52))).candidate.partner.tolist() == [True]
    assert compared(boxes((ONE, 0.44)), boxes((ONE, 0.52))).candidate.partner.tolist() == [False]


def test_two_detections_cannot_share_a_partner() -> None:
    both = compared(boxes((ONE, 0.9), (ONE, 0.8)), boxes((ONE, 0.9)))
    assert both.reference.partner.tolist() == [True, False]


def test_a_box_that_moved_too_far_is_lost_here_and_new_there() -> None:
    both = compared(boxes((ONE, 0.9)), boxes((standing(40, left=30), 0.9)))
    assert both.reference.partner.tolist() == [False]
    assert both.candidate.partner.tolist() == [False]


def test_frames_are_told_apart() -> None:
    empty = Boxes.empty()
    both = agree(
        [boxes((ONE, 0.9)), empty],
        [empty, boxes((ONE, 0.9))],
        threshold=0.5,
        hysteresis=0.05,
        min_iou=0.5,
    )
    assert (both.reference.frames.tolist(), both.reference.partner.tolist()) == ([0], [False])
    assert (both.candidate.frames.tolist(), both.candidate.partner.tolist()) == ([1], [False])
