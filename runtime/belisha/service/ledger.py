"""The ledger: what the loop has counted and timed since its start, in memory that does not grow."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from belisha.service.bucket_percentiles import upper_percentile
from belisha.timing import Percentiles

PER_OCTAVE = 32
"""Buckets per doubling: a time is known to 2.2 %, and always rounded up."""
_LOWEST, _HIGHEST = -10, 17
"""Powers of two, in ms: from a microsecond to two minutes."""
COUNT = (_HIGHEST - _LOWEST) * PER_OCTAVE + 1
EDGES_MS = (
    *(2.0 ** (_LOWEST + index / PER_OCTAVE) for index in range(COUNT - 1)),
    math.inf,
)
"""Upper edges; the last bucket takes all that is longer."""


class Times:
    """Times in fixed logarithmic buckets; one thread adds, any may read."""

    def __init__(self, counts: array[int] | None = None, sum_ms: float = 0.0) -> None:
        self.counts = array("Q", bytes(8 * COUNT)) if counts is None else counts
        self.sum_ms = sum_ms
        self.worst_ms = 0.0

    def add(self, ms: float) -> None:
        """One more."""
        self.counts[_bucket(ms)] += 1
        self.sum_ms += ms
        self.worst_ms = max(self.worst_ms, ms)

    def copy(self) -> Times:
        """As it is now."""
        copied = Times(self.counts[:], self.sum_ms)
        copied.worst_ms = self.worst_ms
        return copied

    def coarse(self, per_octave: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """Edges in ms and counts with fewer buckets per octave, a divisor of `PER_OCTAVE`."""
        step = PER_OCTAVE // per_octave
        ends = [*range(0, COUNT - 1, step), COUNT - 1]
        begins = [0, *(end + 1 for end in ends[:-1])]
        counts = (sum(self.counts[a : b + 1]) for a, b in zip(begins, ends, strict=True))
        return tuple(EDGES_MS[end] for end in ends), tuple(counts)

    def percentiles(self) -> Percentiles:
        """The distribution; each percentile is the upper edge of its bucket."""
        count = sum(self.counts)
        filled = [(EDGES_MS[index], found) for index, found in enumerate(self.counts) if found]
        p50, p90, p99 = (self._percentile(filled, share) for share in (0.5, 0.9, 0.99))
        return Percentiles(count, p50, p90, p99, self.worst_ms if count else None)

    def _percentile(self, filled: list[tuple[float, int]], share: float) -> float | None:
        edge = upper_percentile(filled, share)
        return None if edge is None else min(edge, self.worst_ms)


def _bucket(ms: float) -> int:
    """The first bucket whose upper edge is not below a time."""
    if ms <= EDGES_MS[0]:
        return 0
    index = math.ceil((math.log2(ms) - _LOWEST) * PER_OCTAVE - 1e-9)
    return min(index, COUNT - 1)


@dataclass
class Ledger:
    """Counts and times since the start; the loop's thread writes, any may read.

    Attributes:
        processed: frames that led to a decision.
        stale: frames that were older than the deadline when the loop came to them; not looked at.
        missed: decisions that came after the deadline.
        failed: frames that the loop could not process.
        people: boxes reported, over all frames.
        with_people: frames with at least one.
        latency: from capture to decision.
        stages: stage -> its times.
        first_ms: the first frame, if it paid for first allocations and is kept apart.
    """

    processed: int = 0
    stale: int = 0
    missed: int = 0
    failed: int = 0
    people: int = 0
    with_people: int = 0
    latency: Times = field(default_factory=Times)
    stages: dict[str, Times] = field(default_factory=dict)
    first_ms: float | None = None

    def add_turn(self, stages_ms: Mapping[str, float], latency_ms: float, *, apart: bool) -> None:
        """Times of one decision; `apart` keeps the first one out of the distributions."""
        if self.first_ms is None:
            self.first_ms = latency_ms
            if apart:
                return
        for stage, spent in stages_ms.items():
            self.add_stage(stage, spent)
        self.latency.add(latency_ms)

    def add_stage(self, stage: str, ms: float) -> None:
        """One more time of a stage."""
        if stage not in self.stages:
            self.stages = {**self.stages, stage: Times()}  # whoever iterates keeps the old one
        self.stages[stage].add(ms)

    def summary(self) -> dict[str, Percentiles]:
        """Percentiles by stage in order of first appearance; `total` is capture to decision."""
        stages = {name: times.percentiles() for name, times in self.stages.items()}
        after = {name: stages.pop(name) for name in ("sinks",) if name in stages}
        return {**stages, "total": self.latency.percentiles(), **after}
