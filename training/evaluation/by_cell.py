"""How figures change from one detector to others within a part of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belisha.boxes import Boxes
from training.data.coco import Sample
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import LEVEL, Resampling
from training.evaluation.cells import WHOLE, Cell
from training.evaluation.measurement import Estimate
from training.evaluation.miss_rate import log_average_miss_rate
from training.evaluation.paired import Figure, paired_changes
from training.evaluation.ranking import every_image_once, rank, tally

FIGURES: dict[str, Figure] = {"ap50": average_precision, "miss_rate": log_average_miss_rate}


@dataclass(frozen=True)
class CellChange:
    """A part of the data.

    Attributes:
        images, people: in it.
        first: figure -> value of the first detector; nothing where there are no people.
        changes: for each of the others, figure -> its value minus that of the first.
    """

    images: int
    people: int
    first: dict[str, float | None]
    changes: tuple[dict[str, Estimate], ...]


def level_of(cell: Cell, cells: int) -> float:
    """Of a cell's intervals: those of all parts together hold with `LEVEL` (Bonferroni).

    Args:
        cell: one of them.
        cells: how many there are, the whole included.
    """
    return LEVEL if cell.name == WHOLE else 1 - (1 - LEVEL) / max(cells - 1, 1)


def change_in_cell(
    cell: Cell,
    first: Sequence[Boxes],
    others: Sequence[Sequence[Boxes]],
    samples: Sequence[Sample],
    resampling: Resampling,
    level: float,
) -> CellChange:
    """Compare detectors in one cell.

    Args:
        cell: over the N images.
        first: boxes by image, best first, of the detector to compare with.
        others: likewise, of the others.
        samples: the N images with their truth.
        resampling: for the intervals.
        level: of them.
    """
    inside = np.flatnonzero(cell.images).tolist()
    chosen = [samples[index] for index in inside]
    old, *new = (
        rank(
            chosen,
            [found[index] for index in inside],
            cell.min_height,
            max_height=cell.max_height,
        )
        for found in (first, *others)
    )
    counts = tally(old, every_image_once(old))
    values = {name: float(figure(counts)[0]) for name, figure in FIGURES.items()}
    return CellChange(
        images=len(chosen),
        people=int(old.people.sum()),
        first={name: None if np.isnan(value) else value for name, value in values.items()},
        changes=tuple(paired_changes(old, new, chosen, resampling, FIGURES, level)),
    )
