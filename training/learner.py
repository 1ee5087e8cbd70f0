"""One step of learning: a batch in, better weights out; and everything that has to be kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from belisha.frames import Preprocessing
from training.assign import Cells
from training.config import Config
from training.deepen import deepened
from training.loader import Batch
from training.loss import BOX_WEIGHT, detection_loss
from training.model import LAYOUT, Network, build_network
from training.quantised import quantised
from training.ranks import Ranks, scaled
from training.teaching.pupil import Pupil, lesson_loss

LESSON_WEIGHT = 2.0
"""Of what the teachers say, beside what people drew."""


class LossNotFiniteError(Exception):
    """The loss of a batch is not a number; the weights were left as they were."""


@dataclass(frozen=True)
class StepResult:
    """What a step cost, per asked score: total and parts, of this rank's share."""

    loss: float
    score: float
    box: float


class Learner:
    """Network, moving average and optimiser.

    Args:
        config: of the run.
        ranks: this process among all.
        start: state of the network to begin with; a random one if absent.
        depths: levels that each teacher answers for, where the batches are lessons.
    """

    def __init__(
        self,
        config: Config,
        ranks: Ranks | None = None,
        *,
        start: dict[str, Any] | None = None,
        depths: Sequence[int] = (),
    ) -> None:
        self._config, self._ranks = config, ranks or Ranks()
        torch.manual_seed(config.seed)
        self.network = build_network(config.size)
        if start is not None:
            self.network.load_state_dict(deepened(start, self.network))
        if config.tuning is not None:
            self.network = quantised(self.network, config.tuning.scales)
        self.average: Any = AveragedModel(
            self.network, multi_avg_fn=_moving_average(config.average_decay), use_buffers=True
        )
        self._pupil = Pupil(self.network, depths) if depths else None
        learning = self._pupil or self.network
        self._optimiser = torch.optim.AdamW(
            _groups(learning, config.weight_decay), lr=config.rate, fused=True
        )
        self._parameters = list(learning.parameters())
        self._trained = self._ranks.wrapped(learning)

    def step(self, batch: Batch, rate: float) -> StepResult:
        """Learn from a batch.

        Args:
            batch: this rank's share.
            rate: the learning rate.

        Raises:
            LossNotFiniteError: nothing was changed.
        """
        cells = _cells_of(batch.preprocessing)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._config.precision == "bfloat16"):
            logits, raw, *taught = self._trained(batch.frames)
        sums = detection_loss(logits, raw, batch.truth, cells)
        quality = self._ranks.summed(sums.quality)
        loss = scaled(sums.total(quality), self._ranks)
        for said, answers in zip(*taught, batch.answers, strict=True) if taught else ():
            loss = loss + LESSON_WEIGHT * lesson_loss(said, answers)
        if not math.isfinite(float(self._ranks.summed(loss.detach()))):
            raise LossNotFiniteError
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self._parameters, self._config.clip)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self.average.update_parameters(self.network)
        size = max(float(quality), 1.0)
        score, box = float(sums.score.detach()), float(sums.box.detach())
        return StepResult(float(loss.detach()), score / size, BOX_WEIGHT * box / size)

    @property
    def averaged(self) -> Network:
        """The averaged network, the one to use."""
        network: Network = self.average.module
        return network

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "network": (self._pupil or self.network).state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "averaged_steps": int(self.average.n_averaged),
        }

    def load(self, average: dict[str, Any], state: dict[str, Any]) -> None:
        """Go on from the states of `averaged` and `state()`."""
        (self._pupil or self.network).load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.averaged.load_state_dict(average)
        self.average.n_averaged.fill_(state["averaged_steps"])


def learning_rate(config: Config, step: int, done: float) -> float:
    """Of a step, when a fraction `done` of the run is over: a rise, then half a cosine."""
    rise = min(1.0, (step + 1) / max(config.warm_up, 1))
    fall = config.last_rate + (1 - config.last_rate) * (1 + math.cos(math.pi * done)) / 2
    return config.rate * rise * fall


@lru_cache(maxsize=16)
def _cells_of(preprocessing: Preprocessing) -> Cells:
    return Cells.of(LAYOUT, preprocessing)


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Kernels, which decay, and all else, which does not."""
    kernels = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    rest = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [
        {"params": kernels, "weight_decay": weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]


def _moving_average(decay: float) -> Any:
    """An exponential average that begins as a plain one, so that it forgets the random start."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], count: Tensor) -> None:
        kept = min(decay, (1 + int(count)) / (10 + int(count)))
        if torch.is_floating_point(averages[0]):
            torch._foreach_lerp_(averages, values, 1 - kept)
        else:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)

    return update
