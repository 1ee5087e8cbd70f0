"""Close-ups of the detections that changed: lost by a flavour, or new in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from belisha.boxes import BoolArray, Boxes, FloatArray, iou
from belisha.frames import Image
from export.parity.agreement import Agreement, Side
from training.data.coco import Sample
from training.data.picture import read_image
from training.evaluation.contact_sheet import (
    GREEN,
    GREY,
    ORANGE,
    WHITE,
    paper,
    shortened,
    write_line,
)

COLUMNS = 5
_TILE, _GAP, _LINE = 260, 10, 20
_SURROUNDINGS = 3.0
"""Height of a close-up in heights of its box."""
_LEAST_VIEW = 48.0
"""Height of a close-up in pixels of the picture, at least."""


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
    rows = max(-(-len(found) // COLUMNS), 1)
    height, width = _TILE + 2 * _LINE + _GAP, COLUMNS * (_TILE + _GAP) + _GAP
    canvas = paper(width, 3 * _LINE + rows * height)
    write_line(canvas, title, (_GAP, _LINE), 0.6, WHITE)
    end = write_line(canvas, "green: the reference has it", (_GAP, 2 * _LINE + 4), 0.5, GREEN)
    write_line(canvas, "orange: the flavour has it", (end + 30, 2 * _LINE + 4), 0.5, ORANGE)
    for index, change in enumerate(found):
        top = 3 * _LINE + index // COLUMNS * height
        left = _GAP + index % COLUMNS * (_TILE + _GAP)
        tile = _tile(change, samples[change.frame])
        canvas[top : top + tile.shape[0], left : left + _TILE] = tile
    return cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


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


def _tile(change: Change, sample: Sample) -> Image:
    """A close-up with the box, and two lines of text below."""
    image = read_image(sample)
    left, top, right, bottom = change.xyxy.tolist()
    side = max(_SURROUNDINGS * (bottom - top), _LEAST_VIEW)
    corner = (left + right - side) / 2, (top + bottom - side) / 2
    scale = _TILE / side
    move = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    view = cv2.warpAffine(image, move, (_TILE, _TILE), borderValue=(32, 32, 32))
    colour, other = (GREEN, ORANGE) if change.kind == "lost" else (ORANGE, GREEN)
    for xyxy, ink, line in ((change.there.xyxy[:1], other, 1), (change.xyxy[None], colour, 2)):
        for box in np.round((xyxy.reshape(-1, 2, 2) - corner) * scale).astype(int):
            cv2.rectangle(view, box[0].tolist(), box[1].tolist(), (0, 0, 0), line + 2)
            cv2.rectangle(view, box[0].tolist(), box[1].tolist(), ink, line)
    tile = paper(_TILE, _TILE + 2 * _LINE)
    tile[:_TILE] = view
    best = f"{change.there.scores[0]:.2f}" if len(change.there) else "nothing"
    words = f"{change.kind}: {change.score:.2f}, there {best}, {bottom - top:.0f} px"
    write_line(tile, words, (0, _TILE + 15), 0.45, colour)
    write_line(tile, shortened(sample.name, 34), (0, _TILE + 33), 0.4, GREY)
    return tile
