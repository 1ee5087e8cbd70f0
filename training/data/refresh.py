"""A spent test set and how to get another: of sequences that no training has ever seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.data.groups import QUARANTINE, connected, sequence_of
from training.data.near_duplicates import Pair
from training.data.records import Record
from training.data.split import TEST, TRAIN


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """How the test set could be renewed.

    Attributes:
        retire: images of the spent set, which may become training data.
        fresh: sha256 of images that nobody has trained on or chosen by.
        groups: that they come in.
        assignment: sha256 -> split of the renewed version.
    """

    retire: tuple[str, ...]
    fresh: tuple[str, ...]
    groups: int
    assignment: Mapping[str, str]

    @property
    def enough(self) -> bool:
        """Whether what is fresh is at least half as large as what is retired."""
        return bool(self.fresh) and 2 * len(self.fresh) >= len(self.retire)


def propose_refresh(
    records: Sequence[Record], pairs: Sequence[Pair], used: Mapping[str, str]
) -> Refresh:
    """Propose a new test set of the new data; the spent one goes to train.

    Only whole groups are fresh: no image of them, and no near-duplicate, was in any split before.

    Args:
        records: of the newest version.
        pairs: its near-duplicates.
        used: sha256 -> split, of all versions.
    """
    nodes = {node for record in records for node in (record.sha256, sequence_of(record))}
    links = [(record.sha256, sequence_of(record)) for record in records]
    links += [(pair.first, pair.second) for pair in pairs]
    shas = {record.sha256 for record in records}
    components = [sorted(shas & set(found)) for found in connected(nodes, links)]
    free = [found for found in components if not any(sha in used for sha in found)]
    fresh = sorted(sha for found in free for sha in found)
    retire = sorted(sha for sha in shas if used.get(sha) == TEST)
    kept = {sha: used[sha] for sha in shas if used.get(sha) not in (None, TEST)}
    left_over = dict.fromkeys(shas - kept.keys() - set(retire) - set(fresh), QUARANTINE)
    return Refresh(
        retire=tuple(retire),
        fresh=tuple(fresh),
        groups=len(free),
        assignment={
            **kept,
            **left_over,
            **dict.fromkeys(retire, TRAIN),
            **dict.fromkeys(fresh, TEST),
        },
    )
