"""A network that also gives its teachers' answers while it learns; nothing of that stays in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.model import PRIOR, Network
from training.teaching.teachers import CLASSES

FOCUS = 2.0
"""Quality focal loss (Li et al. 2020): cells that agree already weigh little."""
LEAST_ANSWER = 0.05
"""Probabilities below are noise; they still ask for less than the pupil says, if it says more."""


class Pupil(nn.Module):
    """A network with one more convolution per level, for the classes of all teachers.

    Args:
        network: learns.
        depths: levels that each teacher has.
    """

    def __init__(self, network: Network, depths: Sequence[int]) -> None:
        super().__init__()
        self.network, self._depths = network, tuple(depths)
        self.heads = nn.ModuleList(
            _head(network.neck, sum(depth > level for depth in depths))
            for level in range(max(depths))
        )

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """(B, H, W, 3) uint8 -> what the network gives, and (B, cells, 80) logits by teacher."""
        levels = self.network.levels(frames)
        scores, boxes = self.network.answer(levels)
        parts: list[list[Tensor]] = [[] for _ in self._depths]
        for level, head in enumerate(self.heads):
            cells = head(levels[level]).permute(0, 2, 3, 1).flatten(1, 2)
            asked = [number for number, depth in enumerate(self._depths) if depth > level]
            for number, logits in zip(asked, cells.split(CLASSES, dim=-1), strict=True):
                parts[number].append(logits)
        return scores, boxes, [torch.cat(part, 1).float() for part in parts]


def _head(channels: int, teachers: int) -> nn.Conv2d:
    """The classes of some teachers on one level; rare ones, before anything is learnt."""
    head = nn.Conv2d(channels, CLASSES * teachers, 1)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.constant_(head.get_parameter("bias"), float(torch.logit(torch.tensor(PRIOR / 4))))
    return head


def lesson_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """How far a pupil is from a teacher, per asked probability; a scalar.

    Args:
        logits: (B, cells, 80) float32.
        answers: (B, cells, 80) uint8; 255 is a probability of 1.
    """
    wanted = answers.float() / 255
    weight = (logits.detach().sigmoid() - wanted).abs() ** FOCUS
    losses = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    asked = wanted * (wanted > LEAST_ANSWER)
    return (losses * weight).sum() / asked.sum().clamp(min=1.0)
