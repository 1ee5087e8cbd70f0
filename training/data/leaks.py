"""What a given split lets through: sequences cut in two, and near-duplicates on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from training.data.groups import QUARANTINE, sequence_of
from training.data.near_duplicates import Pair
from training.data.records import Record
from training.data.split import TRAIN


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """Where one split knows another.

    Attributes:
        images: split -> how many.
        sequences: sequences cut in two -> the splits that they are in.
        pairs: near-duplicates whose images are in different splits, the most similar first.
        known: split -> its images that training has as good as seen: a frame of the same sequence
            or a near-duplicate is in train.
    """

    images: Mapping[str, int]
    sequences: Mapping[str, tuple[str, ...]]
    pairs: tuple[Pair, ...]
    known: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing leaks."""
        return not self.sequences and not self.pairs


def find_leaks(
    records: Sequence[Record], assignment: Mapping[str, str], pairs: Iterable[Pair]
) -> Leaks:
    """Look for leaks of a split, whoever made it.

    Args:
        records: of the data set.
        assignment: sha256 -> split; images without one and those in quarantine are left out.
        pairs: near-duplicates across sequences.
    """
    used = {
        record.sha256: assignment[record.sha256]
        for record in records
        if assignment.get(record.sha256, QUARANTINE) != QUARANTINE
    }
    members: dict[str, list[str]] = defaultdict(list)
    for record in records:
        if record.sha256 in used:
            members[sequence_of(record)].append(record.sha256)
    across = tuple(
        pair
        for pair in pairs
        if pair.first in used and pair.second in used and used[pair.first] != used[pair.second]
    )
    known = {
        sha256
        for shas in members.values()
        if any(used[sha256] == TRAIN for sha256 in shas)
        for sha256 in shas
    }
    for pair in across:
        if TRAIN in (used[pair.first], used[pair.second]):
            known |= {pair.first, pair.second}
    return Leaks(
        images=Counter(used.values()),
        sequences={
            name: tuple(sorted({used[sha256] for sha256 in shas}))
            for name, shas in sorted(members.items())
            if len({used[sha256] for sha256 in shas}) > 1
        },
        pairs=across,
        known=Counter(used[sha256] for sha256 in known if used[sha256] != TRAIN),
    )
