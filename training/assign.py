"""Which cells answer for which person: task-aligned assignment (TOOD, Feng et al. 2021).

A person's candidates are the cells around their centre, on every level. Those whose prediction is
at present the best, in score and in overlap together, learn to answer; how good they are against
the person's best becomes the score they are asked for. So score and box learn to agree, and no
rule about sizes and levels is needed.

Work is done per person and candidate, over the whole batch at once, never per person and cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from belisha.decode import HeadLayout, cell_grid
from belisha.frames import Preprocessing

REACH = 2
"""Candidates lie at most this many cells from the person's centre cell, on each level."""
CELLS_PER_PERSON = 10
SCORE_POWER, OVERLAP_POWER = 0.5, 4.0
LEAST_QUALITY = 0.05
"""Asked of a person's best cell even where nothing overlaps yet, so that learning can start."""
_TIE_BREAKER = 1e-9


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one input size.

    Attributes:
        centres: (N, 2) float32 x, y in network pixels.
        strides: (N,) float32 in pixels.
        levels: (stride, columns, rows, index of the first cell) of each level.
    """

    centres: Tensor
    strides: Tensor
    levels: tuple[tuple[int, int, int, int], ...]

    @staticmethod
    def of(layout: HeadLayout, preprocessing: Preprocessing) -> Cells:
        """The cells that the decoder sees."""
        centres, strides = cell_grid(layout, preprocessing)
        levels, first = [], 0
        for stride in layout.strides:
            columns = math.ceil(preprocessing.width / stride)
            rows = math.ceil(preprocessing.height / stride)
            levels.append((stride, columns, rows, first))
            first += columns * rows
        return Cells(torch.from_numpy(centres), torch.from_numpy(strides), tuple(levels))


@dataclass(frozen=True, eq=False)
class Assignment:
    """P pairs of a cell and the person that it answers for; a cell answers for one at most.

    Attributes:
        image, cell, person: (P,) int64 indices.
        quality: (P,) float32 in (0, 1], the score that is asked of the cell.
    """

    image: Tensor
    cell: Tensor
    person: Tensor
    quality: Tensor


@torch.no_grad()
def assign(
    scores: Tensor, boxes: Tensor, people: Tensor, image_of: Tensor, cells: Cells
) -> Assignment:
    """Pair cells with people.

    Args:
        scores: (B, N) float32 probabilities.
        boxes: (B, N, 4) float32 xyxy predictions in network pixels.
        people: (M, 4) float32 xyxy of all people of the batch, in network pixels.
        image_of: (M,) int64, the image that each person is in.
        cells: of the input's size.
    """
    index, allowed = _candidates(people, cells)
    images = image_of[:, None].expand_as(index)
    overlap = pairwise_iou(boxes[images, index], people[:, None])
    alignment = scores[images, index] ** SCORE_POWER * overlap**OVERLAP_POWER + _TIE_BREAKER
    alignment = torch.where(allowed, alignment, torch.zeros_like(alignment))

    best = alignment.topk(CELLS_PER_PERSON, dim=1)
    rows = torch.arange(len(people))[:, None].expand_as(best.indices)
    kept = best.values > 0
    person, column = rows[kept], best.indices[kept]
    keys = image_of[person] * len(cells.strides) + index[person, column]
    won = _winners(keys, overlap[person, column], person)
    person, column = person[won], column[won]
    quality = _quality(alignment[person, column], overlap[person, column], person, len(people))
    return Assignment(image_of[person], index[person, column], person, quality)


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """(..., 4), (..., 4) xyxy -> (...) intersection over union of corresponding boxes."""
    sides = torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(
        first[..., :2], second[..., :2]
    )
    shared = sides.clamp(min=0).prod(-1)
    areas = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(
        -1
    )
    return shared / (areas - shared).clamp(min=1e-6)


def _candidates(people: Tensor, cells: Cells) -> tuple[Tensor, Tensor]:
    """(M, K) cell indices around each person, and (M, K) whether they may answer.

    A cell may answer where its centre lies in the person's box, grown by half a stride so that a
    person smaller than a cell has some.
    """
    middle = (people[:, :2] + people[:, 2:]) / 2
    steps = torch.arange(-REACH, REACH + 1)
    rows_of, columns_of = torch.meshgrid(steps, steps, indexing="ij")
    indices, inside = [], []
    for stride, columns, rows, first in cells.levels:
        centre = (middle / stride).floor().long()
        column = centre[:, :1] + columns_of.reshape(1, -1)
        row = centre[:, 1:] + rows_of.reshape(1, -1)
        on_grid = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        indices.append(first + row.clamp(0, rows - 1) * columns + column.clamp(0, columns - 1))
        inside.append(on_grid)
    index, on_grid = torch.cat(indices, 1), torch.cat(inside, 1)
    margin = cells.strides[index][..., None] / 2
    centres = cells.centres[index]
    near = (centres > people[:, None, :2] - margin) & (centres < people[:, None, 2:] + margin)
    return index, on_grid & near.all(-1)


def _winners(keys: Tensor, overlap: Tensor, person: Tensor) -> Tensor:
    """(P,) true where the pair holds its cell: best overlap first, then the first person."""
    _, slot = torch.unique(keys, return_inverse=True)
    count = int(slot.max()) + 1 if len(slot) else 0
    best = torch.zeros(count).scatter_reduce_(0, slot, overlap, "amax", include_self=False)
    level = overlap == best[slot]
    contender = torch.where(level, person, torch.iinfo(torch.int64).max)
    first = torch.full((count,), torch.iinfo(torch.int64).max)
    first = first.scatter_reduce_(0, slot, contender, "amin")
    return level & (person == first[slot])


def _quality(alignment: Tensor, overlap: Tensor, person: Tensor, people: int) -> Tensor:
    """(P,) alignment scaled so that each person's best cell is asked for its best overlap."""
    zeros = torch.zeros(people)
    best_alignment = zeros.scatter_reduce(0, person, alignment, "amax")
    best_overlap = zeros.scatter_reduce(0, person, overlap, "amax").clamp(min=LEAST_QUALITY)
    return alignment / best_alignment[person] * best_overlap[person]
