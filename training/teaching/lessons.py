"""Views with the teachers' answers, made once and kept in files that are mapped into memory.

    pictures -> views of 416 pixels -> teachers -> answers
                        `-> 260 pixels: what the pupil sees

The pupil's view is five eighths of the teachers' and its strides are too, so that both have the
same cells.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from belisha.boxes import FloatArray
from belisha.bundle import write_whole
from belisha.documents import parse_json, read_bounded
from belisha.errors import UsageError
from belisha.frames import Image, Preprocessing
from training.augment import Example, Recipe, make_example
from training.loader import Pool
from training.teaching.teachers import CLASSES, SIDE, Teacher, levels

PUPIL_SIDE = 260
FRAMES, INDEX, ANSWERS = "views.u8", "lessons.json", "answers-{}.u8"
MAX_INDEX_BYTES = 512 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Index:
    """What is in a book of lessons.

    Attributes:
        count: views in all.
        done: views that are written; the first ones.
        seed: of the views.
        pictures: their fingerprint.
        teachers: names, with the levels that each has.
        people, dont_care: by view, xyxy in pixels of the pupil's view.
    """

    count: int
    done: int
    seed: int
    pictures: str
    teachers: dict[str, int]
    people: list[list[list[float]]]
    dont_care: list[list[list[float]]]


@dataclass(frozen=True, eq=False)
class Lessons:
    """A book of lessons, mapped into memory.

    Attributes:
        index: see there.
        frames: (count, 260, 260, 3) uint8 BGR.
        answers: by teacher, (count, cells, 80) uint8; 255 is a probability of 1.
    """

    index: Index
    frames: NDArray[np.uint8]
    answers: tuple[NDArray[np.uint8], ...]

    @property
    def depths(self) -> tuple[int, ...]:
        """Levels that each teacher answers for."""
        return tuple(self.index.teachers.values())

    @property
    def fingerprints(self) -> dict[str, str]:
        """What was learnt from, by name."""
        index = self.index
        name = f"{index.count} views of seed {index.seed}, by {', '.join(index.teachers)}"
        return {name: index.pictures}

    @staticmethod
    def open(folder: Path) -> Lessons:
        """Open a book that `write_lessons` finished.

        Raises:
            UsageError: absent, or not finished.
        """
        path = folder / INDEX
        if not path.exists():
            raise UsageError(f"{folder}: expected lessons: make them by 'python -m training teach'")
        index = _read(path)
        if index.done < index.count:
            raise UsageError(
                f"{folder}: {index.done} of {index.count} views are done: run the same 'python -m "
                "training teach' again, it goes on from there"
            )
        return Lessons(index, *_mapped(folder, index, "r"))


def write_lessons(
    folder: Path,
    pool: Pool,
    teachers: Sequence[Teacher],
    *,
    pictures: str,
    count: int,
    seed: int = 0,
    threads: int = 1,
) -> Lessons:
    """Make a book, or go on with it.

    Args:
        folder: of the book.
        pool: the pictures.
        pictures: their fingerprint.
        teachers: each is asked about each view; one set for every thread is not needed.
        count: views.
        seed: with a view's number it decides what the view shows.
        threads: at work at once.

    Raises:
        UsageError: the folder holds another book.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = _begun(folder, pictures, teachers, count, seed)
    frames, answers = _mapped(folder, index, "r+")
    people, dont_care = index.people, index.dont_care

    def make(number: int) -> Example:
        example = make_view(pool, np.random.default_rng((seed, number)))
        frames[number] = cv2.resize(
            example.frame, (PUPIL_SIDE, PUPIL_SIDE), interpolation=cv2.INTER_AREA
        )
        for teacher, kept in zip(teachers, answers, strict=True):
            kept[number] = np.rint(255 * teacher(example.frame)).astype(np.uint8)
        return example

    with (
        ThreadPoolExecutor(threads) as workers,
        tqdm(total=count, initial=index.done, desc="teach", unit="view", disable=None) as progress,
    ):
        for first in range(index.done, count, 500):
            numbers = range(first, min(first + 500, count))
            for example in workers.map(make, numbers):
                people.append(_rows(example.people))
                dont_care.append(_rows(example.dont_care))
                progress.update()
            index = replace(index, done=len(people), people=people, dont_care=dont_care)
            write_whole(folder / INDEX, msgspec.json.encode(index))
    return Lessons.open(folder)


def make_view(pool: Pool, generator: np.random.Generator) -> Example:
    """What the teachers look at, clean, with what is known of it."""
    wider = SIDE / PUPIL_SIDE
    recipe = Recipe(
        natural_width=round(640 * wider),
        natural_height=round(480 * wider),
        p_natural=0.6,
        p_mosaic=0.15,
        p_spoil=0.0,
    )
    preprocessing = Preprocessing(width=SIDE, height=SIDE)
    example = make_example(pool.draw, generator, preprocessing, recipe)
    return replace(example, frame=np.ascontiguousarray(example.frame))


def _rows(xyxy: FloatArray) -> list[list[float]]:
    """Boxes of the teachers' view as numbers of the pupil's."""
    scaled: list[list[float]] = np.round(xyxy * (PUPIL_SIDE / SIDE), 2).tolist()
    return scaled


def _read(path: Path) -> Index:
    return parse_json(read_bounded(path, MAX_INDEX_BYTES), Index, str(path))


def _begun(
    folder: Path, pictures: str, teachers: Sequence[Teacher], count: int, seed: int
) -> Index:
    """The index of the book as far as it is written."""
    depths = {teacher.name: teacher.depth for teacher in teachers}
    fresh = Index(
        count=count,
        done=0,
        seed=seed,
        pictures=pictures,
        teachers=depths,
        people=[],
        dont_care=[],
    )
    path = folder / INDEX
    if not path.exists():
        return fresh
    index = _read(path)
    if replace(index, done=0, people=[], dont_care=[]) != fresh:
        raise UsageError(f"{folder} holds other lessons: choose another folder, or remove it")
    return index


def _mapped(
    folder: Path, index: Index, mode: str
) -> tuple[NDArray[np.uint8], tuple[NDArray[np.uint8], ...]]:
    """Views, and answers by teacher."""
    frames = _file(folder / FRAMES, (index.count, PUPIL_SIDE, PUPIL_SIDE, 3), mode)
    answers = tuple(
        _file(folder / ANSWERS.format(name), (index.count, levels(depth)[-1].stop, CLASSES), mode)
        for name, depth in index.teachers.items()
    )
    return frames, answers


def _file(path: Path, shape: tuple[int, ...], mode: str) -> NDArray[np.uint8]:
    """A file as an array; made as long as it has to be where it is to be written."""
    if mode != "r":
        with path.open("ab") as handle:
            os.truncate(handle.fileno(), int(np.prod(shape, dtype=np.int64)))
    try:
        return np.memmap(path, np.uint8, "r" if mode == "r" else "r+", shape=shape)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected {shape} bytes, got {error}: make it again") from error


def load_view(lessons: Lessons, number: int) -> tuple[Image, FloatArray, FloatArray]:
    """The pupil's view, its people and its don't-care regions in its pixels."""
    index = lessons.index
    boxes = [
        np.array(rows, np.float32).reshape(-1, 4)
        for rows in (index.people[number], index.dont_care[number])
    ]
    return np.asarray(lessons.frames[number]), boxes[0], boxes[1]
