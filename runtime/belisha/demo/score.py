"""Detections against the truth, by condition and distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belisha.boxes import BoolArray, Boxes
from belisha.cameras import Frame
from belisha.demo.truth import Truth, TruthFrame
from belisha.errors import UsageError
from belisha.matching import match

BANDS_M = ((0.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, float("inf")))
"""Bands of distance, from and below."""


@dataclass(frozen=True)
class Tally:
    """Of some people in some frames: how many were there, and how many were found."""

    asked: int
    found: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.asked + other.asked, self.found + other.found)


@dataclass(frozen=True)
class FrameScore:
    """A frame's outcome: (M,) which of its people were found, and how many boxes were wrong."""

    truth: TruthFrame
    found: BoolArray
    false_alarms: int


def score_frame(frame: Frame, boxes: Boxes, truth: Truth) -> FrameScore:
    """Match a frame's detections with its truth.

    Raises:
        UsageError: the clip is longer than its truth, or of another size.
    """
    height, width = frame.image_bgr.shape[:2]
    if frame.index >= len(truth.frames) or (width, height) != (truth.width, truth.height):
        raise UsageError(
            f"expected frame {frame.index} of a clip of {len(truth.frames)} frames with "
            f"{truth.width}x{truth.height} pixels, got {width}x{height}: clip and truth differ"
        )
    wanted = truth.frames[frame.index]
    matches = match(boxes, wanted.xyxy, dont_care=wanted.dont_care)
    return FrameScore(wanted, matches.found, int(matches.false_alarms.sum()))


def tally(
    scores: Sequence[FrameScore],
    *,
    condition: str | None = None,
    band_m: tuple[float, float] = (0.0, float("inf")),
) -> Tally:
    """Count the people of a condition and a band of distance; everybody by default."""
    total = Tally(0, 0)
    for score in scores:
        if condition in (None, score.truth.condition):
            distances = np.array([person.distance_m for person in score.truth.people])
            chosen = ~score.truth.dont_care & (distances >= band_m[0]) & (distances < band_m[1])
            total += Tally(int(chosen.sum()), int(score.found[chosen].sum()))
    return total


def false_alarms_per_frame(scores: Sequence[FrameScore], condition: str | None = None) -> float:
    """Wrong boxes per frame of a condition; NaN where there is no such frame."""
    chosen = [score for score in scores if condition in (None, score.truth.condition)]
    return sum(score.false_alarms for score in chosen) / len(chosen) if chosen else float("nan")
