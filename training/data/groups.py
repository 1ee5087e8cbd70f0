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
    shas = {record.sha256 for record in records}
    settled = {sha256: split for sha256, split in previous.items() if sha256 in shas}
    known = _splits_of_sequences(records, settled)
    atoms = _Atoms(settled)
    for record in records:
        if record.sha256 not in settled:
            sequence = sequence_of(record)
            atom = record.sha256 if sequence in known else sequence
            atoms.add(atom, record.sha256, known.get(sequence, set()))
    for pair in pairs:
        atoms.link(pair)
    return atoms.placed()


def _splits_of_sequences(
    records: Sequence[Record], settled: Mapping[str, str]
) -> dict[str, set[str]]:
    """The splits that the images of each sequence have been placed in."""
    known: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.sha256 in settled:
            known[sequence_of(record)].add(settled[record.sha256])
    return known


@dataclass
class _Atoms:
    """New images, bound together, with the splits that they touch."""

    settled: Mapping[str, str]
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    atom_of: dict[str, str] = field(default_factory=dict)
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    links: list[tuple[str, str]] = field(default_factory=list)

    def add(self, atom: str, sha256: str, splits: set[str]) -> None:
        """An image of an atom whose sequence was placed in `splits` before."""
        if sha256 in self.atom_of:  # the same picture in two sequences
            self.links.append((self.atom_of[sha256], atom))
        self.atom_of[sha256] = atom
        self.members[atom].add(sha256)
        self.touched[atom] |= splits

    def link(self, pair: Pair) -> None:
        """Two images that are nearly the same; one in quarantine binds nobody, it is not used."""
        new = [self.atom_of[sha] for sha in (pair.first, pair.second) if sha in self.atom_of]
        old = [self.settled[sha] for sha in (pair.first, pair.second) if sha in self.settled]
        if len(new) == 2:
            self.links.append((new[0], new[1]))
        elif new and old and old[0] != QUARANTINE:
            self.touched[new[0]].add(old[0])

    def placed(self) -> Placement:
        """Settle what touches a split; the rest is free."""
        settled = dict(self.settled)
        bridges = {atom for atom in self.members if len(self.touched[atom]) > 1}
        for atom in bridges:
            settled |= dict.fromkeys(self.members[atom], QUARANTINE)
        free = []
        for component in connected(self.members.keys() - bridges, self.links):
            shas = sorted(set().union(*(self.members[atom] for atom in component)))
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
