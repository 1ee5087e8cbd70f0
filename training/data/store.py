"""The store: images by content, records by version, nothing ever half in.

STORE/manifest.sqlite   what there is: see training/data/manifest.py
STORE/objects/          the images: see training/data/objects.py
STORE/incoming/         files that are not whole yet; swept before each ingest
STORE/cache/            decoded pictures: see training/data/cache.py
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from belisha.errors import DatasetError
from training.data.manifest import Manifest, Row
from training.data.objects import Objects
from training.data.records import Record
from training.data.version import Description, Version
from training.data.version_draft import VersionDraft

MANIFEST = "manifest.sqlite"

_DESCRIPTION = ", ".join(field.name for field in fields(Description))


class Store:
    """An open store; a context manager.

    Attributes:
        path: its folder.
        objects: the images.
        manifest: the table of contents.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self.objects = Objects(path / "objects", path / "incoming")

    @staticmethod
    def open(path: Path | str, *, create: bool = False) -> Store:
        """Open a store.

        Args:
            path: its folder.
            create: make an empty one if there is none.

        Raises:
            DatasetError: there is none, or it cannot be used.
        """
        path = Path(path)
        try:
            if create:
                for folder in (path / "objects", path / "incoming"):
                    folder.mkdir(parents=True, exist_ok=True)
            return Store(path, Manifest(path / MANIFEST, create=create))
        except OSError as error:
            raise DatasetError(f"{path}: cannot be written: {error.strerror}") from error

    @staticmethod
    def is_store(path: Path) -> bool:
        """Whether a folder is a store."""
        return (path / MANIFEST).is_file()

    def close(self) -> None:
        """Let go of the files."""
        self.manifest.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Only one process takes data in at a time; the lock of a killed one is free.

        Raises:
            DatasetError: another process holds it.
        """
        with (self.path / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DatasetError(
                    f"{self.path}: another process takes data in: wait until it has ended"
                ) from error
            self.objects.tidy()
            yield

    def versions(self) -> list[Version]:
        """All versions, the oldest first."""
        rows = self.manifest.rows(f"SELECT id, {_DESCRIPTION} FROM versions ORDER BY id")  # noqa: S608
        return [self._version(row) for row in rows]

    def version(self, name: str = "") -> Version:
        """A version by name; the latest if none is given.

        Raises:
            DatasetError: there is none of that name.
        """
        test, values = ("name = ?", (name,)) if name else ("1", ())
        query = f"SELECT id, {_DESCRIPTION} FROM versions WHERE {test} ORDER BY id DESC LIMIT 1"  # noqa: S608
        row = self.manifest.row(query, values)
        if row is None:
            known = ", ".join(version.name for version in self.versions()) or "none"
            raise DatasetError(f"{self.path}: no version {name!r}; there are: {known}")
        return self._version(row)

    def commit(
        self,
        records: Iterable[Record],
        *,
        name: str = "",
        parent: Version | None = None,
        keeping: Collection[str] = (),
        reason: str = "",
        report: str = "{}",
        check_objects: bool = True,
    ) -> Version:
        """Make a version in one step: it is there whole, or not at all.

        Args:
            records: of the version; equal ones count once.
            name: unique in the store; `v1`, `v2`, ... if empty.
            parent: that it was made of.
            keeping: sources whose records are carried over from the parent.
            reason: why it is made.
            report: what was mapped and dropped, as JSON text.
            check_objects: whether the images must be there already.

        Returns:
            The version; or one that exists, if it has that name or is the parent, and has the
            very same records.

        Raises:
            DatasetError: no records, an image that the store does not hold, or a name that
                another version has.
        """
        objects = self.objects if check_objects else None
        draft = VersionDraft(self.manifest, objects)
        with self.manifest.transaction():
            if parent is not None:
                draft.carry_over(parent.name, keeping)
            draft.add(records)
            name = draft.finish(name, parent.name if parent else "", reason, report)
        self.manifest.learn_shape()
        return self.version(name)

    def _version(self, row: Row) -> Version:
        number, *columns = row
        names = (field.name for field in fields(Description))
        description = Description(**dict(zip(names, columns, strict=True)))
        return Version(self.manifest, self.objects, number, description)
