"""A version in the making, inside one transaction of the manifest."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count, islice

from belisha.errors import DatasetError
from training.data.manifest import Manifest
from training.data.objects import Objects
from training.data.record_text import fingerprint, record_text, text_digest
from training.data.records import Record

CHUNK = 5000
"""Records that are written at a time."""


@dataclass(frozen=True)
class _Row:
    """A record on its way into the manifest."""

    identity: int
    digest: str
    text: bytes
    record: Record

    @property
    def columns(self) -> tuple[object, ...]:
        """Of the table `records`."""
        record = self.record
        people = sum(
            annotation.kind == "person" and not annotation.annotator
            for annotation in record.annotations
        )
        return (
            self.identity,
            self.digest,
            record.sha256,
            record.source,
            record.name,
            record.sequence,
            record.time,
            record.licence,
            people,
            self.text,
        )


class VersionDraft:
    """A version that is being put together; begin and end it inside a transaction.

    Args:
        manifest: where it is written.
        objects: that must hold the images of new records; None to trust that they will.
    """

    def __init__(self, manifest: Manifest, objects: Objects | None) -> None:
        self._manifest, self._objects = manifest, objects
        self._number = 1 + (manifest.value("SELECT max(id) FROM versions") or 0)

    def carry_over(self, parent: str, sources: Collection[str]) -> None:
        """Take the parent's records of some sources."""
        self._manifest.change(
            "INSERT INTO members SELECT ?, m.record FROM versions v "
            "JOIN members m ON m.version = v.id JOIN records r ON r.id = m.record "
            "WHERE v.name = ? AND r.source IN (SELECT value FROM json_each(?))",
            (self._number, parent, json.dumps(sorted(sources))),
        )

    def add(self, records: Iterable[Record]) -> None:
        """Take records; those that the manifest knows are not written again."""
        following = 1 + (self._manifest.value("SELECT max(id) FROM records") or 0)
        arriving = iter(records)
        while chunk := list(islice(arriving, CHUNK)):
            texts = [record_text(record) for record in chunk]
            found = dict(zip(map(text_digest, texts), zip(texts, chunk, strict=True), strict=True))
            known = self._known(found)
            new = [
                _Row(identity, digest, *found[digest])
                for identity, digest in enumerate(
                    (digest for digest in found if digest not in known), following
                )
            ]
            following += len(new)
            self._write(new)
            members = [*known.values(), *(row.identity for row in new)]
            self._manifest.change_many(
                "INSERT OR IGNORE INTO members VALUES (?, ?)",
                ((self._number, identity) for identity in members),
            )

    def finish(self, name: str, parent: str, reason: str, report: str) -> str:
        """Write the version down, unless there is one already that it would repeat.

        Returns:
            The name of the version, new or old.

        Raises:
            DatasetError: no records, or another version has the name.
        """
        of_members = "FROM members m JOIN records r ON r.id = m.record WHERE m.version = ?"
        digests = self._manifest.rows(f"SELECT r.digest {of_members}", (self._number,))
        identity = fingerprint(digest for (digest,) in digests)
        same_as = name or parent
        found = self._manifest.value("SELECT fingerprint FROM versions WHERE name = ?", (same_as,))
        if found == identity:
            self._manifest.change("DELETE FROM members WHERE version = ?", (self._number,))
            return same_as
        if name and found:
            raise DatasetError(
                f"version {name} has other records, and a version never changes: "
                "choose another name"
            )
        count_all = f"SELECT count(*), coalesce(sum(r.people), 0) {of_members}"
        images, people = self._manifest.row(count_all, (self._number,)) or (0, 0)
        if not images:
            raise DatasetError("expected images, got none: a version without any makes no sense")
        name = name or self._free_name()
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._manifest.change(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._number, name, identity, parent, created, reason, images, people, report),
        )
        return name

    def _known(self, digests: Iterable[str]) -> dict[str, int]:
        """Digest -> id of those that the manifest has."""
        query = "SELECT digest, id FROM records WHERE digest IN (SELECT value FROM json_each(?))"
        return dict(self._manifest.rows(query, (json.dumps(list(digests)),)))

    def _write(self, rows: Collection[_Row]) -> None:
        """New records with their conditions."""
        if self._objects is not None:
            missing = self._objects.missing({row.record.sha256 for row in rows})
            if missing:
                raise DatasetError(
                    f"the store holds no image {missing[0]}: place images before their records"
                )
        self._manifest.change_many(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row.columns for row in rows),
        )
        self._manifest.change_many(
            "INSERT INTO conditions VALUES (?, ?, ?)",
            (
                (key, value, row.identity)
                for row in rows
                for key, value in row.record.conditions.items()
            ),
        )

    def _free_name(self) -> str:
        """`v` and the first number from here on that no version is called."""
        taken = {name for (name,) in self._manifest.rows("SELECT name FROM versions")}
        return next(name for index in count(self._number) if (name := f"v{index}") not in taken)
