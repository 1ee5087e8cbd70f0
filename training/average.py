"""One network of several that came of each other: the mean of their weights.

Networks that one run went through lie in one valley, and their mean is often better than each of
them, at no cost when it runs ("model soups", Wortsman et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from belisha.errors import UsageError
from training.checkpoint import Checkpoint


def averaged(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """The mean of checkpoints, all with the same weight; what else it is the last one says.

    Its figures are unknown, and no training goes on from it but by `start`.

    Args:
        checkpoints: two or more of one architecture and one preprocessing.

    Raises:
        UsageError: there are fewer, or they do not fit together.
    """
    if len(checkpoints) < 2:
        raise UsageError(f"expected two checkpoints or more, got {len(checkpoints)}")
    last = checkpoints[-1]
    for number, other in enumerate(checkpoints[:-1], 1):
        if _shapes(other.average) != _shapes(last.average):
            raise UsageError(f"checkpoint {number} is of another architecture than the last one")
        if other.metadata.preprocessing != last.metadata.preprocessing:
            raise UsageError(
                f"checkpoint {number} was trained for {other.metadata.preprocessing}, the last one "
                f"for {last.metadata.preprocessing}"
            )
    states = [checkpoint.average for checkpoint in checkpoints]
    mean = {name: _mean([state[name] for state in states]) for name in last.average}
    return Checkpoint(replace(last.metadata, figures={}), mean)


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}


def _mean(values: Sequence[Tensor]) -> Tensor:
    """Of counters the last one."""
    last = values[-1]
    return sum(values[:-1], last) / len(values) if last.is_floating_point() else last
