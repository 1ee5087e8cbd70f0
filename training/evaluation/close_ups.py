"""Close-ups of boxes side by side, each with its surroundings, on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from belisha.boxes import FloatArray
from belisha.frames import Image
from training.data.coco import Sample
from training.data.picture import read_image
from training.evaluation.contact_sheet import (
    BLACK,
    GREY,
    WHITE,
    Colour,
    Legend,
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
class Mark:
    """Boxes in one colour.

    Attributes:
        xyxy: (K, 4) in pixels of the picture.
        colour: of the line.
        line: its width.
    """

    xyxy: FloatArray
    colour: Colour
    line: int = 1


@dataclass(frozen=True, eq=False)
class CloseUp:
    """A box and what is drawn around it.

    Attributes:
        sample: the picture, read again from disk.
        xyxy: (4,) what stands in the middle.
        marks: drawn in this order.
        words: below the picture.
        colour: of the words.
    """

    sample: Sample
    xyxy: FloatArray
    marks: Sequence[Mark]
    words: str
    colour: Colour


def close_up_sheet(close_ups: Sequence[CloseUp], title: str, legend: Legend) -> bytes:
    """Close-ups in rows of five under a title and a legend, as a JPEG.

    Raises:
        DatasetError: a picture has gone.
    """
    rows = max(-(-len(close_ups) // COLUMNS), 1)
    height, width = _TILE + 2 * _LINE + _GAP, COLUMNS * (_TILE + _GAP) + _GAP
    canvas = paper(width, 3 * _LINE + rows * height)
    write_line(canvas, title, (_GAP, _LINE), 0.6, WHITE)
    end = _GAP
    for colour, words in legend:
        end = write_line(canvas, words, (end, 2 * _LINE + 4), 0.5, colour) + 30
    for index, close_up in enumerate(close_ups):
        top = 3 * _LINE + index // COLUMNS * height
        left = _GAP + index % COLUMNS * (_TILE + _GAP)
        tile = _tile(close_up)
        canvas[top : top + tile.shape[0], left : left + _TILE] = tile
    return cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _tile(close_up: CloseUp) -> Image:
    """A close-up with its marks, and two lines of text below."""
    left, top, right, bottom = close_up.xyxy.tolist()
    side = max(_SURROUNDINGS * (bottom - top), _LEAST_VIEW)
    corner = (left + right - side) / 2, (top + bottom - side) / 2
    scale = _TILE / side
    move = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    image = read_image(close_up.sample)
    view = cv2.warpAffine(image, move, (_TILE, _TILE), borderValue=(32, 32, 32))
    for mark in close_up.marks:
        for box in np.round((mark.xyxy.reshape(-1, 2, 2) - corner) * scale).astype(int):
            first, last = box.tolist()
            cv2.rectangle(view, first, last, BLACK, mark.line + 2)
            cv2.rectangle(view, first, last, mark.colour, mark.line)
    tile = paper(_TILE, _TILE + 2 * _LINE)
    tile[:_TILE] = view
    write_line(tile, close_up.words, (0, _TILE + 15), 0.45, close_up.colour)
    write_line(tile, shortened(close_up.sample.name, 34), (0, _TILE + 33), 0.4, GREY)
    return tile
