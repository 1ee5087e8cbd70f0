"""Camera frames for training: cut, scaled and spoilt from the pictures of the data sets.

    pictures -> crop around a person or hard background -> (mosaic of four) -> flip
             -> light, blur, noise, low resolution, JPEG -> belisha.frames -> Example

People are shown at all heights alike, because a data set of street photos would else teach only
large ones. An example is a function of the generator alone: equal seeds, equal pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, FloatArray, area
from belisha.frames import Image, Preprocessing
from training.spoil import spoil

Cell = tuple[int, int, int, int]
"""A part of a frame: left, top, right, bottom in pixels."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory: (H, W, 3) uint8 BGR, (M, 4) xyxy in its pixels, (M,) don't care.

    `certainty` is the chance that there is a person in a box, 1 where people drew them: each time
    the picture is shown, a box is a person with this chance and a don't-care region otherwise.
    """

    image: Image
    xyxy: FloatArray
    dont_care: BoolArray
    certainty: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Example:
    """One network input, (H, W, 3) uint8, with its truth in network pixels."""

    frame: Image
    people: FloatArray
    dont_care: FloatArray


@dataclass(frozen=True)
class Recipe:
    """How frames are made; `p_` are probabilities.

    Attributes:
        natural_width, natural_height: the input that the detector will have in the car, in
            pixels; a natural scale shows a picture as that input would.
        p_natural: show the picture near its natural scale; else people at any height alike.
        p_person: centre the crop on a person; else on background with upright edges.
        p_mosaic: four pictures in one frame.
        least_height: people less high than this, in network pixels, are don't care.
        least_visible: people of whom the crop leaves less than this share are don't care.
        p_spoil: scale of the probabilities of all that spoils a picture; 0 leaves it clean.
    """

    natural_width: int = 640
    natural_height: int = 480
    p_natural: float = 0.5
    p_person: float = 0.7
    p_mosaic: float = 0.3
    least_height: float = 11.0
    least_visible: float = 0.45
    p_spoil: float = 1.0


HEIGHTS = (15.0, 370.0)
"""Range of people's heights in network pixels where all heights are shown alike."""
SCALES = (0.45, 3.8)
"""Least and most enlargement of a picture: beyond, there is nothing to be learnt."""
NATURAL_JITTER = (0.55, 1.8)
LEAST_COVER = 0.75
"""Of the scale at which a picture covers its cell: more padding would teach nothing."""
STRETCH = 1.08
"""Most change of the aspect."""
EDGE_GRID = (32, 24)
"""Columns and rows of the picture when edges are looked for."""
TRACE = 0.1
"""A person of whom less than this share is left leaves no trace in the truth either."""


def make_example(
    draw: Callable[[np.random.Generator], Picture],
    generator: np.random.Generator,
    preprocessing: Preprocessing,
    recipe: Recipe,
) -> Example:
    """One example.

    Args:
        draw: picks a picture with the generator it is given.
        generator: the only source of chance.
        preprocessing: of the network; the frame is made at its size.
        recipe: how.
    """
    width, height = preprocessing.width, preprocessing.height
    frame = np.full((height, width, 3), preprocessing.pad, np.uint8)
    parts = [
        _place(frame, cell, draw(generator), generator, recipe)
        for cell in _cells(width, height, generator.random() < recipe.p_mosaic, generator)
    ]
    xyxy = np.concatenate([boxes for boxes, _ in parts])
    dont_care = np.concatenate([ignored for _, ignored in parts])
    if generator.random() < 0.5:
        frame, xyxy = _flipped(frame, xyxy)
    frame = spoil(frame, generator, recipe.p_spoil)
    transform = preprocessing.for_frame(width, height)
    boxes = transform.to_network(xyxy)
    dont_care |= boxes[:, 3] - boxes[:, 1] < recipe.least_height
    return Example(transform.apply(frame)[0], boxes[~dont_care], boxes[dont_care])


def _cells(width: int, height: int, mosaic: bool, generator: np.random.Generator) -> list[Cell]:
    """The whole frame, or the four parts of a mosaic."""
    if not mosaic:
        return [(0, 0, width, height)]
    x, y = int(width * generator.uniform(0.3, 0.7)), int(height * generator.uniform(0.3, 0.7))
    return [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]


@dataclass(frozen=True, eq=False)
class _Crop:
    """A rectangle of a picture, and the rectangle of the frame that it fills; corners as x, y."""

    source_start: NDArray[np.int64]
    source_stop: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    @property
    def scales(self) -> NDArray[np.float64]:
        """Enlargement along x and y."""
        scales: NDArray[np.float64] = (self.stop - self.start) / (
            self.source_stop - self.source_start
        )
        return scales

    def moved(self, xyxy: FloatArray) -> FloatArray:
        """(N, 4) boxes of the picture -> boxes of the frame; nothing is cut."""
        from_start = (xyxy - np.tile(self.source_start, 2)) * np.tile(self.scales, 2)
        return (from_start + np.tile(self.start, 2)).astype(np.float32)


def _place(
    frame: Image, cell: Cell, picture: Picture, generator: np.random.Generator, recipe: Recipe
) -> tuple[FloatArray, BoolArray]:
    """Draw a crop of the picture into a cell of the frame; the boxes left, and their don't-care."""
    focus, person_height = _focus(picture, generator, recipe)
    scale = _scale(picture, person_height, generator, recipe)
    stretch = STRETCH ** generator.uniform(-1, 1)
    start, stop = np.array(cell[:2]), np.array(cell[2:])
    scale = max(scale, LEAST_COVER * _covering(picture, stop - start))
    scales = np.array([scale * stretch, scale / stretch])
    origin = start + (stop - start) * generator.uniform(0.2, 0.8, 2) - focus * scales
    crop = _crop(picture, origin, scales, start, stop)
    _paste(frame, picture.image, crop)
    boxes = crop.moved(picture.xyxy)
    dont_care = picture.dont_care
    if picture.certainty is not None:
        dont_care = dont_care | (generator.random(len(boxes)) >= picture.certainty)
    return _visible(boxes, dont_care, crop, recipe)


def _covering(picture: Picture, size: NDArray[np.int64]) -> float:
    """The scale at which the picture just covers a rectangle of width, height."""
    return float(np.max(size / picture.image.shape[1::-1]))


def _crop(
    picture: Picture,
    origin: NDArray[np.float64],
    scales: NDArray[np.float64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> _Crop:
    """What of the picture falls into a cell if its corner is to lie near `origin` in the frame."""
    limit = np.array(picture.image.shape[1::-1])
    # Moved so that the picture leaves as little of the cell empty as its size allows.
    slack = stop - limit * scales
    origin = np.clip(origin, np.minimum(start, slack), np.maximum(start, slack))
    first = np.clip(np.floor((start - origin) / scales), 0, limit - 1).astype(np.int64)
    last = np.clip(np.ceil((stop - origin) / scales), first + 1, limit).astype(np.int64)
    corner = np.clip(np.round(origin + first * scales), start, stop - 1).astype(np.int64)
    size = np.clip(np.round((last - first) * scales), 1, stop - corner).astype(np.int64)
    return _Crop(first, last, corner, corner + size)


def _focus(
    picture: Picture, generator: np.random.Generator, recipe: Recipe
) -> tuple[NDArray[np.float64], float | None]:
    """The x, y to cut around, and the height of the person there, if it is one; in pixels."""
    people = picture.xyxy[~picture.dont_care]
    if len(people) and generator.random() < recipe.p_person:
        person = people[generator.integers(len(people))].astype(np.float64)
        return (person[:2] + person[2:]) / 2, float(person[3] - person[1])
    return _upright_edge(picture.image, generator), None


def _upright_edge(image: Image, generator: np.random.Generator) -> NDArray[np.float64]:
    """A point drawn where brightness changes sideways: poles, trunks and doors look like people."""
    small = cv2.cvtColor(cv2.resize(image, EDGE_GRID), cv2.COLOR_BGR2GRAY).astype(np.float64)
    strength = np.abs(np.diff(small, axis=1, append=small[:, -1:])).ravel() + 1
    index = generator.choice(strength.size, p=strength / strength.sum())
    row, column = divmod(int(index), EDGE_GRID[0])
    size = np.array(image.shape[1::-1])
    point: NDArray[np.float64] = (np.array([column, row]) + generator.random(2)) * size / EDGE_GRID
    return point


def _scale(
    picture: Picture, person_height: float | None, generator: np.random.Generator, recipe: Recipe
) -> float:
    """Network pixels per pixel of the picture."""
    height, width = picture.image.shape[:2]
    natural = min(recipe.natural_width / width, recipe.natural_height / height)
    if person_height is None or generator.random() < recipe.p_natural:
        scale = natural * _log_uniform(generator, NATURAL_JITTER)
    else:
        scale = _log_uniform(generator, HEIGHTS) / max(person_height, 1.0)
    return float(np.clip(scale, *SCALES))


def _log_uniform(generator: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(np.exp(generator.uniform(*np.log(limits))))


def _paste(frame: Image, image: Image, crop: _Crop) -> None:
    """Resize the crop into its place."""
    (x0, y0), (x1, y1) = crop.source_start, crop.source_stop
    (left, top), (right, bottom) = crop.start, crop.stop
    shrinks = crop.scales.min() < 1
    frame[top:bottom, left:right] = cv2.resize(
        image[y0:y1, x0:x1],
        (int(right - left), int(bottom - top)),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )


def _visible(
    xyxy: FloatArray, dont_care: BoolArray, crop: _Crop, recipe: Recipe
) -> tuple[FloatArray, BoolArray]:
    """Boxes cut at the crop's borders; those of whom too little is left become don't care."""
    cut = np.clip(xyxy, np.tile(crop.start, 2), np.tile(crop.stop, 2)).astype(np.float32)
    left = area(cut) / np.maximum(area(xyxy), 1e-6)
    # A region of don't care stays one, however little of it is in view.
    kept = (area(cut) > 0) & (dont_care | (left >= TRACE))
    return cut[kept], (dont_care | (left < recipe.least_visible))[kept]


def _flipped(frame: Image, xyxy: FloatArray) -> tuple[Image, FloatArray]:
    """Frame and boxes, left and right swapped."""
    width = frame.shape[1]
    swapped = np.stack([width - xyxy[:, 2], xyxy[:, 1], width - xyxy[:, 0], xyxy[:, 3]], axis=1)
    return np.asarray(cv2.flip(frame, 1), np.uint8), swapped
