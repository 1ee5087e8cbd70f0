"""Times of a loop's stages, and what may be said of them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from belisha.order_statistics import nearest_rank


@dataclass(frozen=True)
class Percentiles:
    """A distribution of times in milliseconds; `None` where too few samples support it.

    Attributes:
        count: number of samples.
        p50, p90, p99: percentiles, nearest rank upwards, so that none is better than it was.
        worst: the longest time.
    """

    count: int
    p50: float | None
    p90: float | None
    p99: float | None
    worst: float | None


def percentiles(times_ms: Sequence[float]) -> Percentiles:
    """Summarise times in milliseconds; `belisha.bench` gives the same with intervals."""
    ordered = np.sort(np.asarray(times_ms, np.float64))
    worst = float(ordered[-1]) if len(ordered) else None
    p50, p90, p99 = (nearest_rank(ordered, fraction) for fraction in (0.5, 0.9, 0.99))
    return Percentiles(len(ordered), p50, p90, p99, worst)


class TurnClock:
    """Splits a turn of a loop into stages.

    clock.start()
    ...
    clock.lap("prepare")
    ...
    clock.lap("infer")
    """

    def __init__(self) -> None:
        self.turn_ms: dict[str, float] = {}
        self._begun = self._mark = time.perf_counter()

    def start(self, at_s: float | None = None) -> None:
        """Begin a turn.

        Args:
            at_s: when it began, on the clock of `time.perf_counter`; now, if absent.
        """
        self.turn_ms = {}
        self._begun = self._mark = time.perf_counter() if at_s is None else at_s

    def lap(self, stage: str) -> None:
        """The time since the last mark belongs to `stage`."""
        now = time.perf_counter()
        self.turn_ms[stage] = self.turn_ms.get(stage, 0.0) + (now - self._mark) * 1e3
        self._mark = now

    def since_start_ms(self) -> float:
        """Milliseconds since the turn began."""
        return (time.perf_counter() - self._begun) * 1e3


class StageClock(TurnClock):
    """Keeps every time of every finished turn.

    The first turn pays for loading and first allocations; it is kept apart, unless `keep_first`
    says that a warm-up has paid.
    """

    def __init__(self, *, keep_first: bool = False) -> None:
        super().__init__()
        self._keep_first = keep_first
        self.first_ms: float | None = None
        self._stages: dict[str, array[float]] = {}
        self._totals = array("d")

    def finish(self) -> float:
        """End a turn; a turn that is never finished is not counted.

        Returns:
            Milliseconds of the whole turn.
        """
        total = self.since_start_ms()
        if self.first_ms is None:
            self.first_ms = total
            if not self._keep_first:
                return total
        for stage, spent in self.turn_ms.items():
            self._stages.setdefault(stage, array("d")).append(spent)
        self._totals.append(total)
        return total

    @property
    def stages_ms(self) -> Mapping[str, Sequence[float]]:
        """Every time taken, by stage in order of first appearance, and of the whole as `total`."""
        return {**self._stages, "total": self._totals}

    def summary(self) -> dict[str, Percentiles]:
        """Percentiles by stage, in order of first appearance, and of the whole as `total`."""
        return {stage: percentiles(times) for stage, times in self.stages_ms.items()}
