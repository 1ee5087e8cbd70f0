"""Two detectors on the same frames: whom do both find, and how alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belisha.boxes import BoolArray, Boxes, FloatArray, IntArray, iou
from belisha.calibration import OWN, Calibration
from belisha.matching import UNMATCHED, match


@dataclass(frozen=True, eq=False)
class Side:
    """All detections of one detector from the threshold on, frame by frame.

    Attributes:
        frames: (D,) index of the frame.
        boxes: D boxes in pixels of their frames; best first within each.
        partner: (D,) whether the other detector has a box there, with hysteresis.
        overlaps: (D,) IoU with the other's box; NaN where there is none.
        shifts: (D,) the other's score minus this one's, both as they were before calibration,
            which would stretch what lies between them; NaN likewise.
    """

    frames: IntArray
    boxes: Boxes
    partner: BoolArray
    overlaps: FloatArray
    shifts: FloatArray


@dataclass(frozen=True, eq=False)
class Agreement:
    """Reference and candidate, each seen from its own detections."""

    reference: Side
    candidate: Side


def agree(
    reference: Sequence[Boxes],
    candidate: Sequence[Boxes],
    *,
    threshold: float,
    hysteresis: float,
    min_iou: float,
    calibration: Calibration = OWN,
) -> Agreement:
    """Match two detectors' boxes frame by frame.

    A detection counts from the threshold on; its partner on the other side may be weaker by the
    hysteresis, so that nobody is called lost whose score moved across the threshold by a hair.

    Args:
        reference: by frame, best first, from well below the threshold on.
        candidate: likewise, of the same frames.
        threshold: score from which a detection counts.
        hysteresis: by which its partner may be weaker.
        min_iou: least overlap of partners.
        calibration: of both detectors' scores.
    """
    lower = threshold - hysteresis

    def side(own: Sequence[Boxes], others: Sequence[Boxes]) -> Side:
        frames = [
            _frame(
                index,
                mine[mine.scores >= threshold],
                theirs[theirs.scores >= lower],
                min_iou,
                calibration,
            )
            for index, (mine, theirs) in enumerate(zip(own, others, strict=True))
        ]
        indices, xyxy, scores, partner, overlaps, shifts = (
            np.concatenate(column) for column in zip(*frames, strict=True)
        )
        return Side(indices, Boxes(xyxy, scores), partner, overlaps, shifts)

    return Agreement(side(reference, candidate), side(candidate, reference))


def _frame(
    index: int, mine: Boxes, theirs: Boxes, min_iou: float, calibration: Calibration
) -> tuple[IntArray, FloatArray, FloatArray, BoolArray, FloatArray, FloatArray]:
    """The columns of `Side` for one frame."""
    matches = match(theirs, mine.xyxy, min_iou=min_iou)
    overlaps = np.full(len(mine), np.nan, np.float32)
    shifts = np.full(len(mine), np.nan, np.float32)
    taking = np.flatnonzero(matches.reference != UNMATCHED)
    taken = matches.reference[taking]
    overlaps[taken] = iou(theirs.xyxy[taking], mine.xyxy)[np.arange(len(taking)), taken]
    shifts[taken] = calibration.own(theirs.scores[taking]) - calibration.own(mine.scores[taken])
    frames = np.full(len(mine), index, np.intp)
    return frames, mine.xyxy, mine.scores, matches.found, overlaps, shifts
