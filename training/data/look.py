"""A version of the data with all that is measured of it: where split and report begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.data.groups import sequence_of
from training.data.measurements import Measurements, measure_pictures
from training.data.near_duplicates import SIMILAR, Pair, near_duplicates
from training.data.records import Record
from training.data.store import Store
from training.data.version import Version


@dataclass(frozen=True, eq=False)
class Look:
    """A version, its pictures measured.

    Attributes:
        version: in an open store.
        records: of the version.
        measurements: of its pictures.
        pairs: near-duplicates across sequences.
    """

    version: Version
    records: tuple[Record, ...]
    measurements: Measurements
    pairs: tuple[Pair, ...]


def look_at(store: Store, version: Version, least: float = SIMILAR) -> Look:
    """Measure what is new, and compare all pictures.

    Args:
        store: open; measurements are kept in its folder.
        version: of the store.
        least: similarity of near-duplicates.

    Raises:
        DatasetError: a picture cannot be read, or `least` tells no pictures apart.
    """
    records = tuple(version.records())
    measured = measure_pictures(records, version.image_path, store.path)
    sequences = {record.sha256: sequence_of(record) for record in records}
    groups = [sequences[key] for key in measured.keys]
    pairs = near_duplicates(measured.keys, measured.thumbnails, groups, least=least)
    return Look(version, records, measured, pairs)


def earlier_split(store: Store, version: Version, name: str = "") -> tuple[str, Mapping[str, str]]:
    """The split to keep to: that of a version by name, else of the nearest ancestor that has one.

    Returns:
        Name of the version, and sha256 -> split; empty for none.

    Raises:
        DatasetError: there is no version of that name.
    """
    if name:
        return name, store.version(name).splits()
    parent = version.description.parent
    while parent:
        ancestor = store.version(parent)
        if splits := ancestor.splits():
            return parent, splits
        parent = ancestor.description.parent
    return "", {}
