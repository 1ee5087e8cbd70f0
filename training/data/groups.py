"""Which images belong together, and what becomes of new ones beside those already placed.

Images of one sequence never part, nor do near-duplicates. An image without a sequence stands for
itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from training.data.near_duplicates import Pair
from training.data.records import Record

QUARANTINE = "quarantine"
"""Where images go that would link two splits: nobody reads them."""


@dataclass(frozen=True)
class Placement:
    """What the links alone decide.

    Attributes:
        settled: sha256 -> split of images that have no choice: those placed before, and new ones
            which belong to them; `QUARANTINE` where they belong to two splits.
        free: groups of sha256 that may go anywhere, each sorted, in order of their first.
    """

    settled: Mapping[str, str]
    free: tuple[tuple[str, ...], ...]


def sequence_of(record: Record) -> str:
    """The name of what an image must not be parted from: its sequence, else itself."""
    return f"{record.source}/{record.sequence}" if record.sequence else record.sha256


def place(
    records: Sequence[Record], pairs: Iterable[Pair], previous: Mapping[str, str]
) -> Placement:
    """Decide what the links decide. Nothing that was placed before moves.

    New images are bound in *atoms*: all of a new sequence, or one image that joins a placed
    sequence. An atom that touches two splits goes to quarantine; without it the rest may be
    independent again, and what still hangs together goes to the one split it touches, or is free.
    """
    settled = {
        record.sha256: previous[record.sha256] for record in records if record.sha256 in previous
    }
    known = _splits_of_sequences(records, settled)
    atom_of = {
        record.sha256: record.sha256 if sequence_of(record) in known else sequence_of(record)
        for record in records
        if record.sha256 not in settled
    }
    atoms = _Atoms()
    for record in records:
        if record.sha256 in atom_of:
            atoms.add(atom_of[record.sha256], record.sha256, known.get(sequence_of(record), set()))
    for pair in pairs:
        atoms.link(pair, atom_of, settled)
    return atoms.placed(settled)


def _splits_of_sequences(
    records: Sequence[Record], settled: Mapping[str, str]
) -> dict[str, set[str]]:
    """sequence -> the splits that its images have been placed in."""
    known: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.sha256 in settled:
            known[sequence_of(record)].add(settled[record.sha256])
    return known


@dataclass
class _Atoms:
    """New images, bound together, with the splits that they touch."""

    members: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    links: list[tuple[str, str]] = field(default_factory=list)

    def add(self, atom: str, sha256: str, splits: set[str]) -> None:
        """An image of an atom whose sequence was placed in `splits` before."""
        self.members[atom].append(sha256)
        self.touched[atom] |= splits

    def link(self, pair: Pair, atom_of: Mapping[str, str], settled: Mapping[str, str]) -> None:
        """Two images that are nearly the same; one in quarantine binds nobody, it is not used."""
        new = [sha for sha in (pair.first, pair.second) if sha in atom_of]
        old = [sha for sha in (pair.first, pair.second) if sha in settled]
        if len(new) == 2:
            self.links.append((atom_of[new[0]], atom_of[new[1]]))
        elif new and old and settled[old[0]] != QUARANTINE:
            self.touched[atom_of[new[0]]].add(settled[old[0]])

    def placed(self, settled: Mapping[str, str]) -> Placement:
        """Settle what touches a split; the rest is free."""
        settled = dict(settled)
        bridges = {atom for atom in self.members if len(self.touched[atom]) > 1}
        for atom in bridges:
            settled |= dict.fromkeys(self.members[atom], QUARANTINE)
        free = []
        for component in connected(self.members.keys() - bridges, self.links):
            shas = sorted(sha for atom in component for sha in self.members[atom])
            splits = set().union(*(self.touched[atom] for atom in component))
            if splits:
                (split,) = splits if len(splits) == 1 else {QUARANTINE}
                settled |= dict.fromkeys(shas, split)
            else:
                free.append(tuple(shas))
        return Placement(settled, tuple(sorted(free)))


def connected(nodes: Iterable[str], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Connected components; links with an end outside of `nodes` are left out."""
    root = {node: node for node in nodes}

    def find(node: str) -> str:
        while root[node] != node:
            root[node] = node = root[root[node]]
        return node

    for first, second in links:
        if first in root and second in root:
            low, high = sorted((find(first), find(second)))
            root[high] = low
    components: dict[str, list[str]] = defaultdict(list)
    for node in root:
        components[find(node)].append(node)
    return list(components.values())
