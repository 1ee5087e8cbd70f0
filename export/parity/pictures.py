"""Close-ups of the detections that changed: lost by a flavour, or new in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from belisha.boxes import BoolArray, Boxes, FloatArray, iou
from export.parity.agreement import Agreement, Side
from training.data.coco import Sample
from training.evaluation.close_ups import CloseUp, Mark, close_up_sheet
from training.evaluation.contact_sheet import GREEN, ORANGE


@dataclass(frozen=True, eq=False)
class Change:
    """A detection of one side that the other lacks.

    Attributes:
        kind: `lost` if only the reference has it, `new` if only the candidate has it.
        frame: index of the frame.
        xyxy: (4,) in its pixels.
        score: of the side that has it.
        there: boxes of the other side that overlap it by a third at least, best first.
    """

    kind: Literal["lost", "new"]
    frame: int
    xyxy: FloatArray
    score: float
    there: Boxes


def changes(
    agreement: Agreement, reference: Sequence[Boxes], candidate: Sequence[Boxes], count: int
) -> tuple[Change, ...]:
    """The surest of the detections that changed, those that were lost first.

    Args:
        agreement: of the two.
        reference: all its boxes by frame, down to the least score.
        candidate: likewise.
        count: at most.
    """
    lost = _without_partner("lost", agreement.reference, candidate)
    new = _without_partner("new", agreement.candidate, reference)
    return tuple([*lost, *new][:count])


def changes_sheet(found: Sequence[Change], samples: Sequence[Sample], title: str) -> bytes:
    """The changes side by side, as a JPEG: green the reference's boxes, orange the candidate's.

    A thin box is the best that the other side has there: a box that moved, or a neighbour.

    Raises:
        DatasetError: a picture has gone.
    """
    legend = ((GREEN, "green: the reference has it"), (ORANGE, "orange: the flavour has it"))
    return close_up_sheet([_close_up(one, samples[one.frame]) for one in found], title, legend)


def _without_partner(
    kind: Literal["lost", "new"], side: Side, others: Sequence[Boxes]
) -> list[Change]:
    alone = np.flatnonzero(~side.partner)
    alone = alone[np.argsort(-side.boxes.scores[alone], kind="stable")]
    return [
        Change(
            kind,
            int(side.frames[index]),
            side.boxes.xyxy[index],
            float(side.boxes.scores[index]),
            _there(side.boxes.xyxy[index], others[side.frames[index]]),
        )
        for index in alone.tolist()
    ]


def _there(xyxy: FloatArray, boxes: Boxes) -> Boxes:
    """Those of the boxes that overlap one by at least a third."""
    there: BoolArray = iou(boxes.xyxy, xyxy[None])[:, 0] >= 1 / 3
    return boxes[there]


def _close_up(change: Change, sample: Sample) -> CloseUp:
    colour, other = (GREEN, ORANGE) if change.kind == "lost" else (ORANGE, GREEN)
    best = f"{change.there.scores[0]:.2f}" if len(change.there) else "nothing"
    tall = change.xyxy[3] - change.xyxy[1]
    return CloseUp(
        sample,
        change.xyxy,
        (Mark(change.there.xyxy[:1], other), Mark(change.xyxy[None], colour, 2)),
        f"{change.kind}: {change.score:.2f}, there {best}, {tall:.0f} px",
        colour,
    )
