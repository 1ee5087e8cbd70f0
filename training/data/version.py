"""A version of a data set: records that never change, and the split that belongs to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from belisha.boxes import as_xyxy
from belisha.errors import DatasetError, UsageError
from training.data.coco import Dataset, Sample
from training.data.manifest import Manifest
from training.data.objects import Objects
from training.data.record_text import parse_record
from training.data.records import Record
from training.data.selection import COLUMNS, Condition, clauses, parse_condition

SEALED = "test"
"""The split that nobody reads without a permit."""
WITHHELD = (SEALED, "quarantine")
"""What a data set holds only if it is asked for by name: the sealed, and what ties splits."""


class Permit(Protocol):
    """Leave to read the sealed split of one version; who gives it, keeps a record of it."""

    @property
    def fingerprint(self) -> str:
        """Of the version that may be read."""
        ...


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a store says about a version.

    Attributes:
        name: unique in the store.
        fingerprint: sha256 over its records: equal fingerprints, equal records.
        parent: name of the version that it was made of; empty for none.
        created: date and time, for people.
        reason: why it was made.
        images, people: how many it holds.
        report: what was mapped and dropped when it was taken in, as JSON text.
    """

    name: str
    fingerprint: str
    parent: str
    created: str
    reason: str
    images: int
    people: int
    report: str


@dataclass(frozen=True)
class Counts:
    """How many images, and how many people that count."""

    images: int
    people: int


class Version:
    """A version in an open store; get one from `Store.version`.

    Attributes:
        description: what the store says about it.
    """

    def __init__(
        self, manifest: Manifest, objects: Objects, number: int, description: Description
    ) -> None:
        self.description = description
        self._manifest, self._objects, self._number = manifest, objects, number

    @property
    def name(self) -> str:
        """Unique in the store."""
        return self.description.name

    @property
    def fingerprint(self) -> str:
        """sha256 over the records, whatever their order."""
        return self.description.fingerprint

    def __len__(self) -> int:
        return self.description.images

    def records(self, where: Iterable[str] = ()) -> Iterator[Record]:
        """The records in the order of source and name, those of sealed images included.

        For those who look after the data; training and evaluation read `dataset`.

        Args:
            where: conditions as in `Dataset.select`; `split=...` is one of them.

        Raises:
            UsageError: a condition cannot be read, or names what no image has.
        """
        for text, _ in self._texts(self._conditions(where), withheld=True):
            yield parse_record(text, self.name)

    def count(self, where: Iterable[str] = ()) -> Counts:
        """How many images meet all conditions, and how many people are in them."""
        clause = clauses(self._conditions(where))
        query = f"SELECT count(*), coalesce(sum(r.people), 0) {_FROM}{clause.sql}"
        return Counts(*(self._manifest.row(query, (self._number, *clause.values)) or (0, 0)))

    def digests(self) -> Iterator[tuple[str, int]]:
        """Digest of each record, and its number in the manifest."""
        query = (
            "SELECT r.digest, r.id FROM members m JOIN records r ON r.id = m.record "
            "WHERE m.version = ?"
        )
        for row in self._manifest.rows(query, (self._number,)):
            yield row[0], row[1]

    def records_of(self, numbers: Sequence[int]) -> list[Record]:
        """The records of numbers that `digests` gave."""
        query = "SELECT document FROM records WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._manifest.rows(query, (json.dumps(list(numbers)),))
        return [parse_record(text, self.name) for (text,) in rows]

    def sources(self) -> list[str]:
        """The data sets that its images came from."""
        query = (
            "SELECT DISTINCT r.source FROM members m JOIN records r ON r.id = m.record "
            "WHERE m.version = ? ORDER BY r.source"
        )
        return [source for (source,) in self._manifest.rows(query, (self._number,))]

    def image_path(self, sha256: str) -> Path:
        """The file of an image."""
        return self._objects.path(sha256)

    def assign(self, split: Mapping[str, str]) -> None:
        """Say once where each image belongs; images that are left out belong nowhere.

        Args:
            split: sha256 -> name of a split, such as `train`, `validation`, `test`.

        Raises:
            DatasetError: the version has another split already, or not all of the images.
        """
        current = self.splits()
        if current == dict(split):
            return
        if current:
            raise DatasetError(
                f"version {self.name} has a split already, and a version never changes: "
                "make a new version to split it anew"
            )
        number = self._number
        with self._manifest.transaction():
            self._manifest.change_many(
                "INSERT INTO splits SELECT ?, ?, r.id FROM records r WHERE r.sha256 = ? AND EXISTS "
                "(SELECT 1 FROM members m WHERE m.version = ? AND m.record = r.id)",
                ((number, name, sha256, number) for sha256, name in split.items()),
            )
            unknown = sorted(split.keys() - self.splits().keys())
            if unknown:
                raise DatasetError(
                    f"version {self.name}: expected splits of its own images, got {len(unknown)} "
                    f"of others, such as {unknown[0]}"
                )
        self._manifest.learn_shape()

    def splits(self) -> Mapping[str, str]:
        """sha256 -> split of each image that was assigned to one."""
        query = (
            "SELECT r.sha256, s.split FROM splits s JOIN records r ON r.id = s.record "
            "WHERE s.version = ? ORDER BY r.sha256"
        )
        return dict(self._manifest.rows(query, (self._number,)))

    def readable(
        self,
        split: str | None = None,
        where: Sequence[str] = (),
        permit: Permit | None = None,
    ) -> Iterator[tuple[Record, str]]:
        """The records that whoever trains, evaluates or exports may have, each with its split.

        Images in quarantine and those of the sealed split are left out, unless the split is asked
        for by name, the sealed one with a permit; a version that has no split of its own holds
        back what any other does.

        Args:
            split: only images of this split.
            where: conditions as in `Dataset.select`.
            permit: for the sealed split.

        Raises:
            DatasetError: there is no such split, or it is sealed and there is no permit.
            UsageError: a condition cannot be read, or names what no image has.
        """
        conditions = self._conditions(where)
        if split is not None:
            conditions.append(self._split_condition(split))
        if Condition("split", SEALED) in conditions:
            self._check(permit)
        named = any(Condition("split", name) in conditions for name in WITHHELD)
        for text, name in self._texts(conditions, withheld=named):
            yield parse_record(text, self.name), name

    def dataset(
        self,
        split: str | None = None,
        where: Sequence[str] = (),
        permit: Permit | None = None,
    ) -> Dataset:
        """The images as training and evaluation see them; see `readable` for which those are.

        Images of which there are only annotators' answers are left out: there is no truth about
        them yet.

        Raises:
            DatasetError: no image is left, or `split` must not be read.
            UsageError: a condition cannot be read, or names what no image has.
        """
        samples = tuple(
            self._sample(record, name)
            for record, name in self.readable(split, where, permit)
            if not record.annotators
        )
        asked = [*([f"split={split}"] if split else []), *where]
        if not samples:
            raise DatasetError(f"no image of version {self.name} meets {asked}")
        return Dataset(" ".join([self.name, *asked]), samples)

    def _check(self, permit: Permit | None) -> None:
        if permit is None or permit.fingerprint != self.fingerprint:
            given = "none" if permit is None else "one for another version"
            raise DatasetError(
                f"the {SEALED} split of version {self.name} is sealed: expected a permit, got "
                f"{given}: it is opened by 'python -m training evaluate' with a name and a reason, "
                "and never for training"
            )

    def _split_condition(self, split: str) -> Condition:
        """The condition, if the version has such a split; `a*` is no name of a split."""
        query = "SELECT DISTINCT split FROM splits WHERE version = ?"
        known = sorted(name for (name,) in self._manifest.rows(query, (self._number,)))
        if split not in known:
            has = f"splits {', '.join(known)}" if known else "no split yet: see 'data split'"
            raise DatasetError(
                f"version {self.name}: expected a split, got {split!r}: it has {has}"
            )
        return Condition("split", split)

    def _conditions(self, where: Iterable[str]) -> list[Condition]:
        """Parsed, their keys known."""
        conditions = [parse_condition(text) for text in where]
        known = "SELECT 1 FROM conditions WHERE key = ? LIMIT 1"
        for condition in conditions:
            key = condition.key
            if key not in COLUMNS and self._manifest.row(known, (key,)) is None:
                others = self._manifest.rows("SELECT DISTINCT key FROM conditions")
                names = sorted([*COLUMNS, *(name for (name,) in others)])
                raise UsageError(f"no image of {self.name} has {key!r}; they have {names}")
        return conditions

    def _texts(
        self, conditions: Sequence[Condition], withheld: bool
    ) -> Iterator[tuple[bytes, str]]:
        """Text and split of each record that meets the conditions."""
        clause = clauses(conditions)
        values = (self._number, *clause.values)
        guard = ""
        if not withheld:
            own = self._manifest.value("SELECT 1 FROM splits WHERE version = ?", (self._number,))
            guard = _OWN_SEAL if own else _ANY_SEAL
            values = (*values, *WITHHELD)
        query = f"SELECT r.document, coalesce(s.split, '') {_FROM}{clause.sql}{guard}{_ORDER}"
        yield from self._manifest.rows(query, values)

    def _sample(self, record: Record, split: str) -> Sample:
        """The record as training sees it."""
        truth = [annotation for annotation in record.annotations if not annotation.annotator]
        attributes = {
            **record.conditions,
            "file_name": record.name,
            "source": record.source,
            "sequence": record.sequence,
            "split": split,
            "time": record.time,
            "licence": record.licence,
            "sha256": record.sha256,
        }
        return Sample(
            self._objects.path(record.sha256),
            record.width,
            record.height,
            as_xyxy([annotation.xyxy for annotation in truth]),
            np.array([annotation.kind == "dont_care" for annotation in truth], bool),
            attributes,
            hidden=np.array([annotation.occlusion for annotation in truth], np.float32),
        )


_FROM = (
    "FROM members m JOIN records r ON r.id = m.record "
    "LEFT JOIN splits s ON s.version = m.version AND s.record = m.record WHERE m.version = ?"
)
_OWN_SEAL = " AND coalesce(s.split, '') NOT IN (?, ?)"
_ANY_SEAL = (
    " AND r.sha256 NOT IN (SELECT o.sha256 FROM splits t JOIN records o ON o.id = t.record "
    "WHERE t.split IN (?, ?))"
)
_ORDER = " ORDER BY r.source, r.name, r.digest"
