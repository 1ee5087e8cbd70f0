"""Records dealt to train, validation and test: by group, evenly, repeatably, for good.

records, near-duplicate pairs -> groups that may not be parted -> dealt evenly over the strata

The same records give the same split in whatever order they come. Given the split of an earlier
version nothing in it moves, and new images join it; one that would link two splits is put into
quarantine.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from belisha.errors import DatasetError, UsageError
from training.data.allocation import Counts, Problem, allocate, stratum_floors
from training.data.groups import QUARANTINE, connected, place, sequence_of
from training.data.near_duplicates import Pair
from training.data.records import Record
from training.data.strata import strata

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
FRACTIONS = {TRAIN: 0.8, VALIDATION: 0.1, TEST: 0.1}
LEAST_GROUPS = 3
"""A stratum of fewer groups cannot be in all three splits."""


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """How a stratum came out.

    Attributes:
        name: such as `light=night` or `light=night, people under 20 px`.
        groups: that have anything of it.
        counts: split -> images or people, as the name says.
        deviation: the largest distance of a split's share from its fraction, in points.
        floor: what no cut of this stratum alone could better, in points.
    """

    name: str
    groups: int
    counts: Mapping[str, int]
    deviation: float
    floor: float

    @property
    def splittable(self) -> bool:
        """Whether it has groups enough to be in every split."""
        return self.groups >= LEAST_GROUPS

    @property
    def advice(self) -> str:
        """What to collect for a stratum of too few groups."""
        more = LEAST_GROUPS - self.groups
        groups = "group" if self.groups == 1 else "groups"
        drives = "drive" if more == 1 else "drives"
        return f"{self.name} has {self.groups} {groups}: collect {more} more {drives} with it"


@dataclass(frozen=True, kw_only=True)
class Split:
    """Where every image goes, and how evenly that came out.

    Attributes:
        assignment: sha256 -> `train`, `validation`, `test` or `quarantine`.
        strata: all, the largest deviation first.
        groups: how many there are.
    """

    assignment: Mapping[str, str]
    strata: tuple[Stratum, ...]
    groups: int

    @property
    def splittable(self) -> tuple[Stratum, ...]:
        """Strata that the deviation is taken over."""
        return tuple(stratum for stratum in self.strata if stratum.splittable)

    @property
    def unsplittable(self) -> tuple[Stratum, ...]:
        """Strata of too few groups: more has to be collected."""
        return tuple(stratum for stratum in self.strata if not stratum.splittable)

    @property
    def worst(self) -> Stratum | None:
        """The splittable stratum that came out worst."""
        return max(self.splittable, key=lambda stratum: stratum.deviation, default=None)

    @property
    def worst_beyond_floor(self) -> Stratum | None:
        """The splittable stratum that is farthest from what its groups allow."""
        return max(self.splittable, key=lambda item: item.deviation - item.floor, default=None)

    def count(self, split: str) -> int:
        """Images in a split."""
        return sum(value == split for value in self.assignment.values())


def split(
    records: Sequence[Record],
    pairs: Iterable[Pair] = (),
    *,
    previous: Mapping[str, str] | None = None,
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
) -> Split:
    """Deal records to splits.

    Args:
        records: in any order.
        pairs: near-duplicates, which stay together.
        previous: sha256 -> split of an earlier version; nothing of it moves.
        fractions: of train, validation and test.
        seed: equal seeds, equal splits.

    Raises:
        DatasetError: no record.
        UsageError: the fractions are not those of the three splits, or do not add up to 1.
    """
    _check(records, fractions)
    pairs = tuple(pairs)
    placement = place(records, pairs, previous or {})
    free = sorted(placement.free, key=lambda group: _draw(seed, group[0]))
    assignment = dict(placement.settled)
    table = _Table(records, assignment, free, fractions)
    for group, choice in zip(free, allocate(table.problem, seed), strict=True):
        assignment |= dict.fromkeys(group, SPLITS[choice])
    groups = _groups(records, pairs, assignment)
    return Split(
        assignment=assignment,
        strata=table.outcome(assignment, groups),
        groups=len({groups[sha256] for sha256 in assignment}),
    )


def _check(records: Sequence[Record], fractions: Mapping[str, float]) -> None:
    if not records:
        raise DatasetError("expected images to split, got none")
    if set(fractions) != set(SPLITS) or abs(sum(fractions.values()) - 1) > 1e-9:
        raise UsageError(
            f"expected fractions of {', '.join(SPLITS)} that add up to 1, got {dict(fractions)}"
        )


def _draw(seed: int, sha256: str) -> str:
    """An order that is random but the same for everybody."""
    return hashlib.sha256(f"{seed} {sha256}".encode()).hexdigest()


def _groups(
    records: Sequence[Record], pairs: Iterable[Pair], assignment: Mapping[str, str]
) -> dict[str, str]:
    """sha256 -> name of its group: what hangs together within a split."""
    links = [(record.sha256, sequence_of(record)) for record in records]
    links += [
        (pair.first, pair.second)
        for pair in pairs
        if assignment.get(pair.first, QUARANTINE) == assignment.get(pair.second) != QUARANTINE
    ]
    nodes = {node for record in records for node in (record.sha256, sequence_of(record))}
    return {node: min(component) for component in connected(nodes, links) for node in component}


class _Table:
    """What each image adds to each stratum, gathered by group and by split."""

    def __init__(
        self,
        records: Sequence[Record],
        settled: Mapping[str, str],
        free: Sequence[tuple[str, ...]],
        fractions: Mapping[str, float],
    ) -> None:
        used = [record for record in records if settled.get(record.sha256) != QUARANTINE]
        self._added: dict[str, Counter[str]] = defaultdict(Counter)
        for record in used:
            self._added[record.sha256].update(strata(record))
        self.names = sorted({name for counts in self._added.values() for name in counts})
        self._column = {name: index for index, name in enumerate(self.names)}
        placed = [
            [sha for sha, where in settled.items() if where == split and sha in self._added]
            for split in SPLITS
        ]
        self.problem = Problem(
            counts=np.stack([self._sum(group) for group in free])
            if free
            else np.zeros((0, len(self.names))),
            fixed=np.stack([self._sum(members) for members in placed]),
            fractions=np.array([fractions[split] for split in SPLITS]),
        )

    def _sum(self, members: Iterable[str]) -> Counts:
        total = np.zeros(len(self.names))
        for sha256 in members:
            for name, count in self._added[sha256].items():
                total[self._column[name]] += count
        return total

    def outcome(
        self, assignment: Mapping[str, str], groups: Mapping[str, str]
    ) -> tuple[Stratum, ...]:
        """How every stratum came out, the largest deviation first."""
        holders: dict[str, set[str]] = defaultdict(set)
        for sha256, counts in self._added.items():
            for name in counts:
                holders[name].add(groups[sha256])
        sums = np.stack(
            [self._sum(sha for sha in self._added if assignment[sha] == split) for split in SPLITS]
        )
        deviation = np.abs(sums / self.problem.totals - self.problem.fractions[:, None]).max(axis=0)
        floors = stratum_floors(self.problem)
        found = [
            Stratum(
                name=name,
                groups=len(holders[name]),
                counts=dict(zip(SPLITS, sums[:, column].astype(int).tolist(), strict=True)),
                deviation=100 * float(deviation[column]),
                floor=100 * float(floors[column]),
            )
            for column, name in enumerate(self.names)
        ]
        return tuple(sorted(found, key=lambda item: (-item.deviation, item.name)))
