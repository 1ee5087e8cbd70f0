"""Conditions: what a rule asks for, on cells instead of values.

Logic has three values, as a signal may be absent: a condition is fulfilled, not fulfilled, or hangs
on what is not known. `certain` asks for the first, `possible` for the first or the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from belisha.service.rules.axes import ABSENT_BIT
from belisha.service.rules.situations import (
    NOWHERE,
    Situations,
    difference,
    intersection,
    union,
)

Certainty = Literal["certain", "possible"]
_OTHER: dict[Certainty, Certainty] = {"certain": "possible", "possible": "certain"}


@dataclass(frozen=True)
class Asked:
    """One signal in a set of cells.

    Attributes:
        axis: index of the signal's axis.
        cells: the set, bit by bit.
        path: where it stands in the document.
        words: for people.
    """

    axis: int
    cells: int
    path: str
    words: str


@dataclass(frozen=True)
class Joined:
    """Conditions of which all, any, or none must hold."""

    how: Literal["all", "any", "none"]
    parts: tuple[Asked | Joined, ...]
    path: str
    words: str


Condition = Asked | Joined


def holds(condition: Condition, situation: Sequence[int], certainty: Certainty) -> bool:
    """Whether a condition holds in a situation, given as one cell an axis."""
    if isinstance(condition, Asked):
        cells = condition.cells | (ABSENT_BIT if certainty == "possible" else 0)
        return bool(cells >> situation[condition.axis] & 1)
    if condition.how == "none":
        return not any(holds(part, situation, _OTHER[certainty]) for part in condition.parts)
    each = (holds(part, situation, certainty) for part in condition.parts)
    return all(each) if condition.how == "all" else any(each)


def where(condition: Condition, everywhere: Situations, certainty: Certainty) -> Situations:
    """All situations of `everywhere`, one block, in which a condition holds."""
    if isinstance(condition, Asked):
        cells = condition.cells | (ABSENT_BIT if certainty == "possible" else 0)
        (full,) = everywhere
        axis = condition.axis
        block = (*full[:axis], full[axis] & cells, *full[axis + 1 :])
        return (block,) if block[axis] else NOWHERE
    if condition.how == "none":
        inside = [where(part, everywhere, _OTHER[certainty]) for part in condition.parts]
        return difference(everywhere, union(inside))
    each = [where(part, everywhere, certainty) for part in condition.parts]
    if condition.how == "any":
        return union(each)
    result = everywhere
    for part in each:
        result = intersection(result, part)
    return result
