"""What a batch costs: quality-aware scores, overlap of boxes, nothing where we do not care."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.assign import Assignment, Cells, assign

BACKGROUND_WEIGHT, BACKGROUND_POWER = 0.75, 2.0
"""Varifocal loss (Zhang et al. 2021): the easy background fades, the people keep their weight."""
BOX_WEIGHT = 2.0


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a batch, in network pixels.

    Attributes:
        people: (M, 4) float32 xyxy of all people of the batch.
        image_of: (M,) int64, the image that each person is in.
        dont_care: (B, R, 4) float32 xyxy regions; rows of zeros fill up.
    """

    people: Tensor
    image_of: Tensor
    dont_care: Tensor


@dataclass(frozen=True, eq=False)
class LossSums:
    """Sums over a batch, not yet divided: ranks add them up before they divide.

    Attributes:
        score, box: scalar losses with gradients.
        quality: scalar, the sum of the asked scores: the size of the batch in people.
    """

    score: Tensor
    box: Tensor
    quality: Tensor

    def total(self, quality: Tensor | float | None = None) -> Tensor:
        """The loss, per asked score; `quality` is that of all ranks where there are several."""
        size = self.quality if quality is None else torch.as_tensor(quality)
        return (self.score + BOX_WEIGHT * self.box) / size.clamp(min=1.0)


def decode_boxes(raw: Tensor, cells: Cells) -> Tensor:
    """(B, N, 4) raw distances -> (B, N, 4) xyxy in network pixels, as `belisha.decode` does."""
    distances = functional.softplus(raw) * cells.strides[:, None]
    return torch.cat(
        [cells.centres - distances[..., :2], cells.centres + distances[..., 2:]], dim=-1
    )


def detection_loss(logits: Tensor, raw: Tensor, truth: Truth, cells: Cells) -> LossSums:
    """The loss of a batch.

    Args:
        logits: (B, N, 1) float32, the network's scores.
        raw: (B, N, 4) float32, the network's boxes.
        truth: what is there.
        cells: of the input's size.
    """
    logits = logits[..., 0]
    boxes = decode_boxes(raw, cells)
    scores = logits.detach().sigmoid()
    assigned = assign(scores, boxes.detach(), truth.people, truth.image_of, cells)
    wanted = torch.zeros_like(logits)
    wanted[assigned.image, assigned.cell] = assigned.quality
    counted = ~_inside(truth.dont_care, cells) | (wanted > 0)
    return LossSums(
        _score_loss(logits, scores, wanted, counted),
        _box_loss(boxes, truth.people, assigned),
        assigned.quality.sum(),
    )


def _score_loss(logits: Tensor, scores: Tensor, wanted: Tensor, counted: Tensor) -> Tensor:
    """Varifocal loss over the cells that count, a scalar."""
    background = BACKGROUND_WEIGHT * scores**BACKGROUND_POWER
    weight = torch.where(wanted > 0, wanted, background) * counted
    losses = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (losses * weight).sum()


def _box_loss(boxes: Tensor, people: Tensor, assigned: Assignment) -> Tensor:
    """1 - generalised IoU of the assigned cells, weighted by their quality, a scalar."""
    predicted = boxes[assigned.image, assigned.cell]
    losses = 1 - generalised_iou(predicted, people[assigned.person])
    return (losses * assigned.quality).sum()


def generalised_iou(first: Tensor, second: Tensor) -> Tensor:
    """(P, 4), (P, 4) xyxy -> (P,) in (-1, 1] (Rezatofighi et al. 2019)."""
    shared = _area(
        torch.maximum(first[:, :2], second[:, :2]), torch.minimum(first[:, 2:], second[:, 2:])
    )
    hull = _area(
        torch.minimum(first[:, :2], second[:, :2]), torch.maximum(first[:, 2:], second[:, 2:])
    )
    union = _area(first[:, :2], first[:, 2:]) + _area(second[:, :2], second[:, 2:]) - shared
    return shared / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


def _area(top_left: Tensor, bottom_right: Tensor) -> Tensor:
    """(P, 2), (P, 2) -> (P,) in square pixels; 0 for an inverted box."""
    return (bottom_right - top_left).clamp(min=0).prod(-1)


def _inside(regions: Tensor, cells: Cells) -> Tensor:
    """(B, N) true where a cell's centre is in a region, grown by half a stride.

    The margin lets a region smaller than a cell excuse at least the cell that it lies in.
    """
    margin = cells.strides[:, None] / 2
    covered = torch.zeros(len(regions), len(cells.strides), dtype=torch.bool)
    for region in regions.unbind(1):
        after = cells.centres > region[:, None, :2] - margin
        before = cells.centres < region[:, None, 2:] + margin
        present = (region[:, 2] > region[:, 0])[:, None]
        covered |= (after & before).all(-1) & present
    return covered
