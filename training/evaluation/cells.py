"""Parts of a data set that a mean would hide: people of a size, pictures of a condition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from belisha.boxes import BoolArray, FloatArray
from training.data.bands import band_names
from training.evaluation.ranking import heights

WHOLE = "all"


@dataclass(frozen=True, eq=False)
class Cell:
    """A part.

    Attributes:
        name: such as `all`, `20 to 30 px` or `light=night`.
        images: (N,) true where an image belongs to it.
        min_height, max_height: of the people in it, in pixels of the image; the second is
            already out.
    """

    name: str
    images: BoolArray
    min_height: float = 0.0
    max_height: float = math.inf

    def holds(self, frames: np.ndarray, xyxy: FloatArray) -> BoolArray:
        """(D,) true where a box belongs to it.

        Args:
            frames: (D,) index of the image of each box.
            xyxy: (D, 4) in pixels of the image.
        """
        tall = heights(xyxy)
        inside: BoolArray = (
            self.images[frames] & (tall >= self.min_height) & (tall < self.max_height)
        )
        return inside


def make_cells(
    conditions: Sequence[Mapping[str, str]], keys: Sequence[str], limits: Sequence[float]
) -> tuple[Cell, ...]:
    """All of it, each size of people, each condition that some images have and others lack.

    Args:
        conditions: of N images.
        keys: which conditions to look at.
        limits: heights in pixels where one size ends and the next begins.
    """
    everywhere = np.ones(len(conditions), bool)
    ends = [0.0, *limits, math.inf]
    names = band_names(limits, "px") if limits else ()
    sizes = [
        Cell(name, everywhere, low, high)
        for name, low, high in zip(names, ends, ends[1:], strict=False)
    ]
    parts = []
    for key in keys:
        for value in sorted({given[key] for given in conditions if given.get(key)}):
            images = np.array([given.get(key) == value for given in conditions], bool)
            if not images.all():
                parts.append(Cell(f"{key}={value}", images))
    return Cell(WHOLE, everywhere), *sizes, *parts
