"""The store's table of contents, in SQLite; the only importer of sqlite3.

records    each record once, whatever the number of versions that hold it
conditions what is known of the scene, a row each, to be searched
versions   immutable; members says which records each has, splits where each record belongs
seen       files that were taken in, so that an interrupted ingest need not read them again
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from belisha.errors import DatasetError

FORMAT = 1
"""Written into the file; a newer one is refused."""

_SCHEMA = """
CREATE TABLE records (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL,
    source TEXT NOT NULL, name TEXT NOT NULL, sequence TEXT NOT NULL, time TEXT NOT NULL,
    licence TEXT NOT NULL, people INTEGER NOT NULL, document BLOB NOT NULL);
CREATE INDEX records_by_image ON records (sha256);
CREATE INDEX records_by_name ON records (source, name);
CREATE INDEX records_by_sequence ON records (sequence);
CREATE TABLE conditions (
    key TEXT NOT NULL, value TEXT NOT NULL, record INTEGER NOT NULL REFERENCES records (id),
    PRIMARY KEY (key, value, record)) WITHOUT ROWID;
CREATE TABLE versions (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    parent TEXT, created TEXT NOT NULL, reason TEXT NOT NULL,
    images INTEGER NOT NULL, people INTEGER NOT NULL, report TEXT NOT NULL);
CREATE TABLE members (
    version INTEGER NOT NULL REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,
    record INTEGER NOT NULL REFERENCES records (id),
    PRIMARY KEY (version, record)) WITHOUT ROWID;
CREATE TABLE splits (
    version INTEGER NOT NULL REFERENCES versions (id),
    split TEXT NOT NULL, record INTEGER NOT NULL REFERENCES records (id),
    PRIMARY KEY (version, split, record)) WITHOUT ROWID;
CREATE UNIQUE INDEX splits_by_record ON splits (record, version);
CREATE TABLE seen (
    path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
"""

Row = tuple[Any, ...]


class Manifest:
    """An open manifest; every failure of SQLite becomes a `DatasetError` that names the file.

    Args:
        path: of the file.
        create: make it if it is absent.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.is_file():
            raise DatasetError(
                f"{path}: there is none: expected a store: "
                "make one with 'python -m training data ingest'"
            )
        with self._wrapped():
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            with self._wrapped():
                self._prepare(create)
        except DatasetError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows that a query gives, as they come."""
        with self._wrapped():
            yield from self._connection.execute(query, values)

    def row(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row, if any."""
        return next(self.rows(query, values), None)

    def value(self, query: str, values: Sequence[Any] = ()) -> Any:
        """The first value of the first row, or None."""
        row = self.row(query, values)
        return row[0] if row else None

    def change(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement inside a `transaction`; returns the id of the row that it made."""
        with self._wrapped():
            return self._connection.execute(statement, values).lastrowid or 0

    def change_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of many rows inside a `transaction`."""
        with self._wrapped():
            self._connection.executemany(statement, rows)

    def learn_shape(self) -> None:
        """Sample the tables, so that queries begin with the condition that leaves least."""
        with self._wrapped():
            self._connection.executescript("PRAGMA analysis_limit = 1000; ANALYZE;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes within happen, or none; a process that is killed leaves none."""
        with self._wrapped():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _prepare(self, create: bool) -> None:
        """Settings, and the tables if they are wanted."""
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "cache_size = -131072"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.create_function("matches", 2, _matches, deterministic=True)
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found == 0 and create:
            self._connection.executescript(
                f"BEGIN EXCLUSIVE; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;"
            )
        elif found != FORMAT:
            raise DatasetError(f"{self.path}: expected a manifest of format {FORMAT}, got {found}")

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DatasetError(f"{self.path}: the manifest cannot be used: {error}") from error


def _matches(value: str, pattern: str) -> bool:
    """Shell wildcards in SQL, exactly as `Dataset.select` has them."""
    return fnmatchcase(value, pattern)
