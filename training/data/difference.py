"""What changed between two versions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

from training.data.records import Record
from training.data.version import Version

Key = tuple[str, str]
"""Source and name of an image."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """From one version to another.

    Attributes:
        added, removed: images by source and name.
        changed: of images in both, what is different: `annotations`, `sha256`, `conditions`, ...
        moved: from split, to split -> how many images of both; none for those that stayed.
    """

    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    changed: dict[Key, tuple[str, ...]]
    moved: dict[tuple[str, str], int]


def difference(old: Version, new: Version) -> Difference:
    """Compare two versions, image by image."""
    # Records by digest first: of a million images few change, and only those are read.
    mine, theirs = dict(old.digests()), dict(new.digests())
    left, right = _only(old, mine, theirs), _only(new, theirs, mine)
    both = sorted(left.keys() & right.keys())
    return Difference(
        added=tuple(sorted(right.keys() - left.keys())),
        removed=tuple(sorted(left.keys() - right.keys())),
        changed={key: _changes(left[key], right[key]) for key in both},
        moved=_moved(old, new),
    )


def _only(version: Version, mine: dict[str, int], theirs: dict[str, int]) -> dict[Key, Record]:
    """The records that the other version does not have."""
    numbers = [mine[digest] for digest in mine.keys() - theirs.keys()]
    return {(record.source, record.name): record for record in version.records_of(numbers)}


def _changes(old: Record, new: Record) -> tuple[str, ...]:
    names = (field.name for field in fields(Record))
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))


def _moved(old: Version, new: Version) -> dict[tuple[str, str], int]:
    before, after = old.splits(), new.splits()
    pairs = ((before[image], after[image]) for image in before.keys() & after.keys())
    return dict(sorted(Counter(pair for pair in pairs if pair[0] != pair[1]).items()))
