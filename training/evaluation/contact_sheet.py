"""A contact sheet of the images that went wrong most, to be understood without a manual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from belisha.boxes import BoolArray, Boxes, FloatArray
from belisha.frames import Image
from training.data.coco import Sample
from training.data.picture import read_image
from training.evaluation.ranking import heights
from training.evaluation.worst_images import ImageVerdict

Colour = tuple[int, int, int]
Corners = tuple[int, int, int, int]
Legend = Sequence[tuple[Colour, str]]
Words = Callable[[ImageVerdict], str]

GREEN: Colour = (80, 220, 60)
WHITE: Colour = (255, 255, 255)
RED: Colour = (50, 50, 255)
ORANGE: Colour = (0, 165, 255)
GREY: Colour = (170, 170, 170)
PAPER: Colour = (32, 32, 32)
BLACK: Colour = (0, 0, 0)

LEGEND = (
    (GREEN, "person, found"),
    (WHITE, "detection of that person, score"),
    (RED, "person, MISSED, height"),
    (ORANGE, "FALSE ALARM, score"),
    (GREY, "don't care: not counted"),
)

TRUTH_LEGEND = ((GREEN, "person"), (GREY, "don't care: not counted"))

COLUMNS = 3
TILE_WIDTH, TILE_HEIGHT = 640, 480
_GAP = 12
_LINE = 26
_LABEL = 14
_SMALL = 60
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class Label:
    """A few letters at a box of the enlarged picture, above or below it."""

    text: str
    colour: Colour
    box: Corners
    above: bool


def contact_sheet(verdicts: Sequence[ImageVerdict], title: str) -> bytes:
    """Draw images with truth and detections, in rows of three, the first at the top left.

    Args:
        verdicts: the images, read again from disk.
        title: what stands above them.

    Returns:
        A JPEG.

    Raises:
        DatasetError: an image has gone.
    """
    title = title if verdicts else f"{title}: no errors at all"
    return _sheet(verdicts, title, LEGEND, _error_words)


def _sheet(verdicts: Sequence[ImageVerdict], title: str, legend: Legend, words: Words) -> bytes:
    """Header and rows as a JPEG."""
    width = COLUMNS * (TILE_WIDTH + _GAP) + _GAP
    rows = [_header(title, width, legend)]
    for begin in range(0, len(verdicts), COLUMNS):
        rows.append(_row(verdicts[begin : begin + COLUMNS], width, words))
    good, data = cv2.imencode(
        ".jpg", np.concatenate(rows), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not good:
        raise RuntimeError("OpenCV could not encode the contact sheet")
    return data.tobytes()


def truth_sheet(samples: Sequence[Sample], title: str) -> bytes:
    """Draw images with their truth alone, as `contact_sheet` does.

    Raises:
        DatasetError: an image has gone.
    """
    nothing = Boxes.empty()
    verdicts = [
        ImageVerdict(sample, np.ones(len(sample.xyxy), bool), nothing, nothing, nothing)
        for sample in samples
    ]
    return _sheet(verdicts, title, TRUTH_LEGEND, _people_words)


def _header(title: str, width: int, legend: Legend) -> Image:
    """Title and legend."""
    canvas = paper(width, 3 * _LINE)
    write_line(canvas, title, (_GAP, _LINE), 0.7, WHITE)
    left = _GAP
    for colour, words in legend:
        top, bottom = round(1.5 * _LINE), round(2.3 * _LINE)
        if colour == GREY:
            _hatch(canvas, left, top, left + 20, bottom)
        cv2.rectangle(canvas, (left, top), (left + 20, bottom), colour, 2)
        end = write_line(canvas, words, (left + 28, bottom - 3), 0.5, WHITE)
        left = end + 28
    return canvas


def _row(verdicts: Sequence[ImageVerdict], width: int, words: Words) -> Image:
    """Tiles side by side, as high as the highest of them."""
    tiles = [_tile(verdict, words(verdict)) for verdict in verdicts]
    row = paper(width, max(len(tile) for tile in tiles) + _GAP)
    for column, tile in enumerate(tiles):
        left = _GAP + column * (TILE_WIDTH + _GAP)
        row[: len(tile), left : left + TILE_WIDTH] = tile
    return row


def _tile(verdict: ImageVerdict, counts: str) -> Image:
    """One image with everything drawn on it, and two lines of text below."""
    sample = verdict.sample
    scale = min(TILE_WIDTH / sample.width, TILE_HEIGHT / sample.height)
    size = max(1, round(sample.width * scale)), max(1, round(sample.height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cast(Image, cv2.resize(read_image(sample), size, interpolation=how))
    _draw(picture, verdict, scale)
    tile = paper(TILE_WIDTH, size[1] + 2 * _LINE)
    left = (TILE_WIDTH - size[0]) // 2
    tile[: size[1], left : left + size[0]] = picture
    write_line(tile, shortened(sample.name), (0, size[1] + 20), 0.5, WHITE)
    write_line(tile, counts, (0, size[1] + 42), 0.5, GREY)
    return tile


def _error_words(verdict: ImageVerdict) -> str:
    """What went wrong on an image."""
    people = len(verdict.found_people) + len(verdict.missed_people)
    return (
        f"people: {people}; missed: {len(verdict.missed_people)}; "
        f"false alarms: {len(verdict.false_alarms)}"
    )


def _people_words(verdict: ImageVerdict) -> str:
    return f"people: {len(verdict.found_people)}"


def _draw(picture: Image, verdict: ImageVerdict, scale: float) -> None:
    """Boxes on the enlarged picture; what went wrong is drawn last, on top."""
    regions = verdict.sample.xyxy[verdict.sample.dont_care]
    for box in _corners(regions, scale):
        _hatch(picture, *box)
    for box in _corners(np.concatenate([regions, verdict.excused.xyxy]), scale):
        cv2.rectangle(picture, box[:2], box[2:], GREY, 1)
    for box in _corners(verdict.found_people, scale):
        _box(picture, box, GREEN)
    for box in _corners(verdict.hits.xyxy, scale):
        cv2.rectangle(picture, box[:2], box[2:], WHITE, 1)
    for box in _corners(verdict.false_alarms.xyxy, scale):
        _box(picture, box, ORANGE)
    for box in _corners(verdict.missed_people, scale):
        _box(picture, box, RED)
    free = np.ones(picture.shape[:2], bool)
    for label in _labels(verdict, scale):
        _write_label(picture, label, free)


def _corners(xyxy: FloatArray, scale: float) -> list[Corners]:
    """Boxes in pixels of the enlarged picture."""
    return [tuple(box) for box in np.round(xyxy * scale).astype(int).tolist()]


def _box(picture: Image, box: Corners, colour: Colour) -> None:
    """A frame around a box, with a dark rim that shows on any background.

    It lies outside the box and is thin around a small one, so that the person can be seen.
    """
    left, top, right, bottom = box
    line = 2 if bottom - top >= _SMALL else 1
    for grown, ink in ((line, BLACK), (line - 1, colour)):
        corners = (left - grown, top - grown), (right + grown, bottom + grown)
        cv2.rectangle(picture, *corners, ink, line)


def _labels(verdict: ImageVerdict, scale: float) -> list[Label]:
    """What is written at the boxes, the most important first: heights above, scores below."""
    missed = verdict.missed_people
    labels = [
        Label(f"{tall:.0f} px", RED, box, above=True)
        for box, tall in zip(_corners(missed, scale), heights(missed), strict=True)
    ]
    for boxes, colour in ((verdict.false_alarms, ORANGE), (verdict.hits, WHITE)):
        labels += [
            Label(f"{score:.2f}", colour, box, above=False)
            for box, score in zip(_corners(boxes.xyxy, scale), boxes.scores, strict=True)
        ]
    return labels


def _write_label(picture: Image, label: Label, free: BoolArray) -> None:
    """Dark text on a coloured strip at a box; left out where it would cover an earlier one.

    Args:
        picture: (H, W, 3), drawn on.
        label: what to write and where.
        free: (H, W) true where there is no label yet; updated.
    """
    (width, _), _ = cv2.getTextSize(label.text, _FONT, 0.4, 1)
    left, top, _, bottom = label.box
    left = min(max(left, 0), max(picture.shape[1] - width - 4, 0))
    top = top - 3 - _LABEL if label.above else bottom + 3
    top = min(max(top, 0), max(len(picture) - _LABEL, 0))
    strip = (slice(top, top + _LABEL), slice(left, left + width + 4))
    if not free[strip].all():
        return
    free[strip] = False
    picture[strip] = label.colour
    origin = (left + 2, top + _LABEL - 4)
    cv2.putText(picture, label.text, origin, _FONT, 0.4, BLACK, 1, cv2.LINE_AA)


def _hatch(picture: Image, left: int, top: int, right: int, bottom: int) -> None:
    """Diagonal stripes, half transparent, over a region."""
    region = picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    y, x = np.indices(region.shape[:2])
    stripes = (x + y) % 8 < 2
    region[stripes] = region[stripes] // 2 + np.array(GREY, np.uint8) // 2


def write_line(
    canvas: Image, text: str, origin: tuple[int, int], scale: float, colour: Colour
) -> int:
    """A line of text; the letters that OpenCV lacks become '?'. Returns where it ends."""
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(canvas, plain, origin, _FONT, scale, colour, 1, cv2.LINE_AA)
    (width, _), _ = cv2.getTextSize(plain, _FONT, scale, 1)
    return origin[0] + width


def shortened(name: str, longest: int = 64) -> str:
    """A name that fits below its image; its end says most."""
    return name if len(name) <= longest else f"...{name[3 - longest :]}"


def paper(width: int, height: int) -> Image:
    """(height, width, 3) of the dark ground that everything is drawn on."""
    return np.full((height, width, 3), PAPER, np.uint8)
