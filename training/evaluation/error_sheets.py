"""A sheet of close-ups for each cause of errors, to be looked at."""

from __future__ import annotations

import numpy as np

from belisha.boxes import Boxes
from training.evaluation.close_ups import CloseUp, Mark, close_up_sheet
from training.evaluation.contact_sheet import GREEN, GREY, ORANGE, RED, WHITE
from training.evaluation.error_analysis import ErrorAnalysis
from training.evaluation.error_causes import Error
from training.evaluation.error_gains import Cause

LEGEND = (
    (RED, "red: missed"),
    (ORANGE, "orange: false alarm"),
    (GREEN, "green: another person"),
    (WHITE, "white: detection of another"),
    (GREY, "grey: don't care"),
)


def error_sheet(analysis: ErrorAnalysis, cause: Cause, most: int) -> bytes:
    """The errors of a cause as a JPEG: misses evenly from small to tall, the surest false alarms.

    Args:
        analysis: that has them.
        cause: kind and cause.
        most: close-ups at most.

    Raises:
        DatasetError: a picture has gone.
    """
    errors = analysis.of(*cause)
    shown = _chosen(errors, cause, most)
    title = f"{cause[0]}, {cause[1]}: {len(shown)} of {len(errors)}"
    return close_up_sheet([_close_up(analysis, error) for error in shown], title, LEGEND)


def _chosen(errors: list[Error], cause: Cause, most: int) -> list[Error]:
    if cause[0] == "false alarm":
        return sorted(errors, key=lambda error: -error.score)[:most]
    ordered = sorted(errors, key=lambda error: error.height)
    if len(ordered) <= most:
        return ordered
    places = np.linspace(0, len(ordered) - 1, most).round().astype(int)
    return [ordered[place] for place in places.tolist()]


def _close_up(analysis: ErrorAnalysis, error: Error) -> CloseUp:
    sample = analysis.evaluation.dataset.samples[error.image]
    look = analysis.looks[error.image]
    missed = error.kind == "miss"
    here = np.arange(len(sample.xyxy)) == (error.index if missed else -1)
    others = sample.xyxy[~sample.dont_care & ~here]
    called = _called(look.detections, analysis.evaluation.threshold)
    marks = (
        Mark(sample.xyxy[sample.dont_care], GREY),
        Mark(others, GREEN),
        Mark(called.xyxy, WHITE),
        Mark(error.xyxy[None], RED if missed else ORANGE, 2),
    )
    words = f"{error.height:.0f} px, "
    words += f"{error.way}, best {error.score:.2f}" if missed else f"score {error.score:.2f}"
    if missed:
        words += f", contrast {look.contrast[error.index]:.0f}"
    return CloseUp(sample, error.xyxy, marks, words, RED if missed else ORANGE)


def _called(boxes: Boxes, threshold: float) -> Boxes:
    return boxes[boxes.scores >= threshold]
