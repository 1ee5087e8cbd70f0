"""What a split covers: conditions and sizes, with intervals; holes in words; what to collect.

Images of one drive are alike, so an interval counts drives, not images: Wilson's, with as many
trials as the split has sequences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from training.data.bands import (
    DISTANCES_M,
    HEIGHTS_PX,
    AssumedCamera,
    band_names,
    distance_band,
    height_band,
    people,
)
from training.data.groups import QUARANTINE, sequence_of
from training.data.photometry import Photometry, measured_conditions
from training.data.records import Record
from training.data.split import LEAST_GROUPS, SPLITS

WANTED = {"light": ("day", "dusk", "night"), "weather": ("clear", "rain", "fog")}
"""What a detector in a car will meet; what is not there is a hole, even if no image says so."""
LEAST_PEOPLE = 20
"""Fewer people of a kind in a split say nothing; evaluations mark them so as well."""
_Z = 1.959964


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of a split.

    Attributes:
        count: images or people.
        value: share of the split's images or people.
        low, high: 95 % interval.
    """

    count: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table.

    Attributes:
        kind: `images` or `people`.
        name: such as `light=night` or `20 to 30 px`.
        shares: split -> share.
    """

    kind: str
    name: str
    shares: Mapping[str, Share]


@dataclass(frozen=True, kw_only=True)
class Hole:
    """What a split lacks.

    Attributes:
        condition: such as `light=night`.
        band: of heights; empty if there is nobody in the condition at all.
        split: where it is missing; `every split` if nowhere.
        people: that are there.
        groups: sequences that have them.
    """

    condition: str
    band: str
    split: str
    people: int
    groups: int

    def __str__(self) -> str:
        if self.split == EVERY_SPLIT:
            return f"{self.condition}: no image of any split is known to be so"
        return f"{self.condition} x {self.band}: {self.people} people in {self.split}"

    @property
    def advice(self) -> str:
        """What to collect."""
        condition = self.condition.partition("=")[2]
        who = f"people {self.band} tall" if self.band else "people"
        if self.split == EVERY_SPLIT:
            return (
                f"record {condition}: at least {LEAST_GROUPS} drives, so that every split gets "
                f"one, with at least {LEAST_PEOPLE} people each"
            )
        missing = LEAST_PEOPLE - self.people
        more = max(LEAST_GROUPS - self.groups, 1)
        return (
            f"record {condition}: {missing} more {who} for {self.split}, in at least {more} drives"
        )


EVERY_SPLIT = "every split"


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What the splits cover.

    Attributes:
        images, groups, people: split -> how many.
        rows: of the table.
        cells: (condition, band, split) -> people.
        holes: the emptiest first.
        camera: that distances were taken with.
    """

    images: Mapping[str, int]
    groups: Mapping[str, int]
    people: Mapping[str, int]
    rows: tuple[Row, ...]
    cells: Mapping[tuple[str, str, str], int]
    holes: tuple[Hole, ...]
    camera: AssumedCamera

    @property
    def advice(self) -> tuple[str, ...]:
        """What to collect next, the most wanted first."""
        return tuple(dict.fromkeys(hole.advice for hole in self.holes))


def wilson(count: float, trials: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; all is possible where nothing was tried."""
    if trials <= 0:
        return 0.0, 1.0
    share = count / trials
    middle = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z * sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2)) / (1 + _Z**2 / trials)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def cover(
    records: Sequence[Record],
    splits: Mapping[str, str],
    looks: Mapping[str, Photometry] | None = None,
    camera: AssumedCamera | None = None,
) -> Coverage:
    """Count conditions, sizes and distances by split.

    Args:
        records: of a version.
        splits: sha256 -> split; images without one and those in quarantine are left out.
        looks: sha256 -> what was measured, for conditions that the sources do not tell.
        camera: assumed for distances.
    """
    camera = camera or AssumedCamera()
    counted = _Counts()
    for record in records:
        split = splits.get(record.sha256, QUARANTINE)
        if split != QUARANTINE:
            seen = (looks or {}).get(record.sha256)
            given = dict(record.conditions)
            counted.add(record, split, measured_conditions(seen, given) if seen else given, camera)
    return Coverage(
        images=dict(counted.images),
        groups={split: len(found) for split, found in counted.groups.items()},
        people=dict(counted.people),
        rows=counted.rows(),
        cells=dict(counted.cells),
        holes=_holes(counted),
        camera=camera,
    )


class _Counts:
    """Everything that is counted on the way through the records."""

    def __init__(self) -> None:
        self.images: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self.groups: dict[str, set[str]] = defaultdict(set)
        self.by_condition: Counter[tuple[str, str]] = Counter()
        self.by_band: Counter[tuple[str, str]] = Counter()
        self.cells: Counter[tuple[str, str, str]] = Counter()
        self.cell_groups: dict[tuple[str, str, str], set[str]] = defaultdict(set)

    def add(
        self, record: Record, split: str, conditions: Mapping[str, str], camera: AssumedCamera
    ) -> None:
        """One image."""
        names = [f"{key}={value}" for key, value in conditions.items()]
        names.append(f"source={record.source}")
        self.images[split] += 1
        self.groups[split].add(sequence_of(record))
        self.by_condition.update((name, split) for name in names)
        for annotation in people(record):
            band = height_band(annotation)
            self.people[split] += 1
            self.by_band[band, split] += 1
            self.by_band[distance_band(annotation, record.width, camera), split] += 1
            for name in names:
                self.cells[name, band, split] += 1
                self.cell_groups[name, band, split].add(sequence_of(record))

    def rows(self) -> tuple[Row, ...]:
        """The table: conditions by image, then heights and distances by person."""
        conditions = sorted({name for name, _ in self.by_condition})
        bands = [*band_names(HEIGHTS_PX, "px"), *band_names(DISTANCES_M, "m")]
        return (
            *(self._row("images", name, self.by_condition, self.images) for name in conditions),
            *(self._row("people", name, self.by_band, self.people) for name in bands),
        )

    def _row(
        self,
        kind: str,
        name: str,
        counts: Mapping[tuple[str, str], int],
        wholes: Mapping[str, int],
    ) -> Row:
        return Row(
            kind=kind,
            name=name,
            shares={
                split: self._share(counts.get((name, split), 0), wholes[split], split)
                for split in SPLITS
                if split in wholes
            },
        )

    def _share(self, count: int, whole: int, split: str) -> Share:
        value = count / max(whole, 1)
        drives = len(self.groups[split])
        low, high = wilson(value * drives, drives)
        return Share(count=count, value=value, low=low, high=high)


def _holes(counted: _Counts) -> tuple[Hole, ...]:
    """Cells of too few people; a condition that is nowhere is one hole, not twelve."""
    holes = []
    for key, values in WANTED.items():
        for value in values:
            names = [f"{key}={value}", f"{key}={value} (measured)"]
            if not any(name in names for name, _ in counted.by_condition):
                holes.append(
                    Hole(condition=names[0], band="", split=EVERY_SPLIT, people=0, groups=0)
                )
                continue
            holes += _holes_of(counted, names)
    return tuple(sorted(holes, key=lambda hole: (hole.split != EVERY_SPLIT, hole.people)))


def _holes_of(counted: _Counts, names: Sequence[str]) -> list[Hole]:
    """Of a condition, given or measured."""
    holes = []
    for band in band_names(HEIGHTS_PX, "px"):
        for split in SPLITS:
            found = sum(counted.cells[name, band, split] for name in names)
            groups = set().union(*(counted.cell_groups[name, band, split] for name in names))
            if found < LEAST_PEOPLE:
                holes.append(
                    Hole(
                        condition=names[0], band=band, split=split, people=found, groups=len(groups)
                    )
                )
    return holes
