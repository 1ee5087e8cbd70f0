"""When a figure passes: within its bound, or beyond it by what may be noise in a small cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from training.evaluation.measurement import Estimate

Outcome = Literal["passed", "failed", "not enough data"]


@dataclass(frozen=True)
class Limit:
    """What is allowed of a figure.

    Attributes:
        bound: the last value that is allowed.
        unchanged: the value of a candidate that is the reference.
        more_is_worse: whether the figure must stay below the bound, or above it.
    """

    bound: float
    unchanged: float
    more_is_worse: bool

    def beyond(self, value: float) -> bool:
        """Whether a value is not allowed."""
        return value > self.bound if self.more_is_worse else value < self.bound

    def may_be_unchanged(self, estimate: Estimate) -> bool:
        """Whether the interval reaches the value that stands for no change."""
        if estimate.low is None or estimate.high is None:
            return False
        if self.more_is_worse:
            return estimate.low <= self.unchanged
        return estimate.high >= self.unchanged


@dataclass(frozen=True)
class Figure:
    """A figure in a cell, and what the gate says of it.

    Attributes:
        estimate: with its interval.
        bound: the last value that is allowed.
        verdict: `not enough data` where too few were counted, or where a small cell is beyond the
            bound but may be unchanged.
    """

    estimate: Estimate
    bound: float
    verdict: Outcome


def judge(estimate: Estimate, limit: Limit, *, enough: bool, whole: bool) -> Figure:
    """The verdict on one figure.

    Over all frames the value itself decides: the export has to show that it is within the bound.
    In a part of them, of which there are many, chance alone would fail a good export now and
    then; so there a value beyond the bound fails if the loss is real, that is, if the interval
    leaves out `unchanged`.

    Args:
        estimate: of the figure.
        limit: what is allowed.
        enough: whether enough was counted.
        whole: whether the cell holds all frames and people.
    """
    if estimate.value is None or not enough:
        return Figure(estimate, limit.bound, "not enough data")
    if not limit.beyond(estimate.value):
        return Figure(estimate, limit.bound, "passed")
    noise = not whole and limit.may_be_unchanged(estimate)
    return Figure(estimate, limit.bound, "not enough data" if noise else "failed")
