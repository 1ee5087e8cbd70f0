"""What is in the clip: every person of every frame, exactly, as its renderer knows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from belisha.boxes import BoolArray, FloatArray, as_xyxy
from belisha.documents import parse_json, read_bounded
from belisha.errors import UsageError

FORMAT = 1
MAX_BYTES = 8_000_000


@dataclass(frozen=True)
class Person:
    """A person in a frame.

    Attributes:
        track: identity through the clip.
        xyxy: the whole person in pixels of the frame, hidden parts included.
        visible: share of the person that can be seen.
        distance_m: from the camera.
        dont_care: true for cyclists, and for people too small or too hidden to be asked for.
    """

    track: int
    xyxy: tuple[float, float, float, float]
    visible: float
    distance_m: float
    dont_care: bool


@dataclass(frozen=True)
class TruthFrame:
    """The people of a frame, and the condition that it shows: `day`, `rain`, ..."""

    frame: int
    condition: str
    people: tuple[Person, ...]

    @property
    def xyxy(self) -> FloatArray:
        """(M, 4) boxes in pixels of the frame."""
        return as_xyxy([person.xyxy for person in self.people])

    @property
    def dont_care(self) -> BoolArray:
        """(M,) true where nobody is asked for an answer."""
        return np.array([person.dont_care for person in self.people], bool)


@dataclass(frozen=True)
class Truth:
    """A clip's truth, a frame for each of the clip's, in order; width and height in pixels."""

    format: int
    fps: float
    width: int
    height: int
    frames: tuple[TruthFrame, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """In order of appearance."""
        return tuple(dict.fromkeys(frame.condition for frame in self.frames))


def in_words(condition: str) -> str:
    """A condition as people read it: `low_sun` is low sun."""
    return condition.replace("_", " ")


def read_truth(path: Path) -> Truth:
    """Read a truth file.

    Raises:
        ConfigError: it is absent, too long, or breaks its schema.
        UsageError: it is of a newer format, or its frames are not numbered from 0 on.
    """
    truth = parse_json(read_bounded(path, MAX_BYTES), Truth, str(path))
    if truth.format != FORMAT:
        raise UsageError(f"{path}: expected format {FORMAT}, got {truth.format}: update Belisha")
    if [frame.frame for frame in truth.frames] != list(range(len(truth.frames))):
        raise UsageError(f"{path}: expected frames numbered from 0 without a gap")
    return truth
