"""Axes: each signal cut into the few cells that a rules file can tell apart.

A file that asks for `speed_kmh` at least 30 and below 60 can tell five speeds apart: under 30, 30,
between, 60, over. With a cell for 'absent' these are all situations there are, as far as the file
is concerned; so a decision is a table look-up, and what is proven of all cells is proven.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from belisha.service.rules.signals import (
    CHOICES,
    CODES,
    MINUTES,
    QUANTITIES,
    clock_words,
)

ABSENT_CELL = 0
ABSENT_BIT = 1 << ABSENT_CELL
"""Sets of cells are whole numbers, bit by bit; cell 0 is 'absent' on every axis."""


class Axis(Protocol):
    """The cells of one signal; `full` is the set of those that can occur."""

    name: str
    full: int

    def cell(self, value: Any) -> int:
        """Where a value lies."""
        ...

    def example(self, cell: int) -> str:
        """A value of a cell, in words."""
        ...


class ChoiceAxis:
    """A cell a value."""

    def __init__(self, name: str, values: Sequence[Any]) -> None:
        self.name, self._values = name, tuple(values)
        self._cells = {value: index for index, value in enumerate(self._values, start=1)}
        self.full = (1 << (len(self._values) + 1)) - 1

    def cell(self, value: Any) -> int:
        """See `Axis.cell`."""
        return self._cells.get(value, ABSENT_CELL)

    def example(self, cell: int) -> str:
        """See `Axis.example`."""
        if cell == ABSENT_CELL:
            return "absent"
        value = self._values[cell - 1]
        return {True: "yes", False: "no"}.get(value, str(value))

    def mask(self, values: Iterable[Any]) -> int:
        """The set of the cells of some values."""
        return sum(1 << self._cells[value] for value in set(values))


class CodeAxis:
    """A cell for each code that the file mentions, and one for all others.

    Where codes are `nested`, DE-BY-M lies in DE-BY, if that is mentioned, or else in DE.
    """

    def __init__(self, name: str, codes: Iterable[str], *, nested: bool) -> None:
        self.name, self._nested = name, nested
        self._codes = sorted(set(codes))
        self._cells = {code: index for index, code in enumerate(self._codes, start=1)}
        self._other = len(self._codes) + 1
        self.full = (1 << (self._other + 1)) - 1

    def cell(self, value: Any) -> int:
        """See `Axis.cell`."""
        if not value:
            return ABSENT_CELL
        while value:
            if value in self._cells:
                return self._cells[value]
            value = value.rpartition("-")[0] if self._nested else ""
        return self._other

    def example(self, cell: int) -> str:
        """See `Axis.example`."""
        if cell == ABSENT_CELL:
            return "absent"
        return "any other" if cell == self._other else self._codes[cell - 1]

    def mask(self, codes: Iterable[str]) -> int:
        """The set of the cells of some codes and of all mentioned codes inside them."""
        wanted = set(codes)
        return sum(1 << cell for code, cell in self._cells.items() if self._inside(code, wanted))

    def _inside(self, code: str, wanted: set[str]) -> bool:
        nested = self._nested and any(code.startswith(f"{outer}-") for outer in wanted)
        return code in wanted or nested


class NumberAxis:
    """Cells between cuts, and one on each cut, within the signal's limits.

    Args:
        name: of the signal.
        cuts: where the file's conditions change.
        low, high: limits; what lies outside is absent.
        open_end: whether `high` itself is outside.
        words: a value as people read it.
    """

    def __init__(
        self,
        name: str,
        cuts: Iterable[float],
        *,
        low: float,
        high: float,
        open_end: bool,
        words: Callable[[float], str],
    ) -> None:
        self.name, self._low, self._high, self._words = name, low, high, words
        self._cuts = sorted({low, high, *cuts})
        self._open_end = open_end
        # Cell 1 is the first cut, 2 lies between it and the second, and so on.
        self.full = (1 << (2 * len(self._cuts))) - 1
        if open_end:
            self.full &= ~(1 << (2 * len(self._cuts) - 1))

    def cell(self, value: Any) -> int:
        """See `Axis.cell`."""
        if value is None or not self._low <= value <= self._high:
            return ABSENT_CELL
        index = bisect_left(self._cuts, value)
        if self._cuts[index] != value:
            return 2 * index
        last = self._open_end and index == len(self._cuts) - 1
        return ABSENT_CELL if last else 2 * index + 1

    def example(self, cell: int) -> str:
        """See `Axis.example`."""
        return "absent" if cell == ABSENT_CELL else self._words(self._middle(cell))

    def mask(self, inside: Callable[[float], bool]) -> int:
        """The set of the cells whose values are `inside`; its borders must be cuts."""
        cells = range(1, 2 * len(self._cuts))
        return self.full & sum(1 << cell for cell in cells if inside(self._middle(cell)))

    def _middle(self, cell: int) -> float:
        """A value of a cell that is not 'absent'."""
        index, between = divmod(cell - 1, 2)
        if not between:
            return self._cuts[index]
        return (self._cuts[index] + self._cuts[index + 1]) / 2


def make_axis(name: str, marks: Iterable[Any]) -> Any:
    """The axis of a signal, told apart at `marks`: its cuts or codes."""
    if name in CHOICES:
        return ChoiceAxis(name, CHOICES[name])
    if name in CODES:
        return CodeAxis(name, marks, nested=name == "region")
    if name == "time":
        return NumberAxis(name, marks, low=0, high=MINUTES, open_end=True, words=clock_words)
    quantity = QUANTITIES[name]
    return NumberAxis(
        name, marks, low=quantity.low, high=quantity.high, open_end=False, words=quantity.words
    )
