"""The file of the activity log: SQLite with a write-ahead log, chained, bounded, one writer."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from belisha.errors import LogError, UsageError
from belisha.service.activity_entries import (
    Checkpoint,
    Head,
    Row,
    Stamp,
    chained,
    read_body,
    write_body,
)

APPLICATION = 0x42454C49
"""`BELI`, in the file's header."""
FORMAT = 1
LEAST_BYTES = 1_000_000
TAIL = 1000
"""Entries whose chain is verified when the file is opened; `belisha log verify` takes all."""
_DELETED_PART = 50
"""A fiftieth of the entries goes at a time, so that deleting takes milliseconds."""
_CACHE_KIB = 256
"""Of pages in memory. Appending needs a handful; SQLite's own 2 MB fill up over an hour."""
_TABLE = "CREATE TABLE log (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, digest BLOB NOT NULL)"
_CIRCUMSTANCES = ("disk", "locked", "readonly", "unable to open", "out of memory")
"""What SQLite says when the file is well and something else is not; Python 3.10 has no codes."""


class BrokenLogError(LogError):
    """The file is damaged or its chain is broken: nothing may be appended to it."""


class ActivityStore:
    """An open log; a second writer is refused.

    Args:
        path: of the file; made if absent.
        limit_bytes: the oldest entries go when it would become larger.

    Raises:
        BrokenLogError: the file is damaged.
        LogError: it cannot be opened, or another process writes it.
        UsageError: the limit is too small, or the file is something else.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        if limit_bytes < LEAST_BYTES:
            raise UsageError(f"expected a log of at least {LEAST_BYTES} bytes, got {limit_bytes}")
        self.path, self._limit = path, limit_bytes
        with ExitStack() as stack:
            stack.callback(os.close, _locked(path))
            with _in_words(path):
                self._connection = _connect(path)
            stack.callback(self._connection.close)
            self.head = self._verified_tail()
            self._resources = stack.pop_all()

    def append(self, bodies: Sequence[str], stamp: Stamp, *, durable: bool) -> None:
        """Add entries, all or none; the oldest go if the file gets too large.

        Args:
            bodies: as `write_body` makes them.
            stamp: of the checkpoint, if one is needed.
            durable: wait until they would survive a power cut.

        Raises:
            BrokenLogError: the file is damaged.
            LogError: it cannot be written, for instance because the disk is full.
        """
        head = self.head
        with _in_words(self.path), self._transaction(durable):
            for body in bodies:
                head = self._insert(head, body)
            while self._size() > self._limit:
                head = self._delete_oldest(head, stamp)
        self.head = head

    def close(self) -> None:
        """Free the file."""
        self._resources.close()

    @contextmanager
    def _transaction(self, durable: bool) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _insert(self, head: Head, body: str) -> Head:
        seq = head.seq + 1
        digest = chained(head.digest, seq, body)
        self._connection.execute("INSERT INTO log VALUES (?, ?, ?)", (seq, body, digest))
        return Head(seq, digest)

    def _size(self) -> int:
        """Bytes in use; pages that deleting has freed are used again."""
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _delete_oldest(self, head: Head, stamp: Stamp) -> Head:
        """A checkpoint takes the place of the oldest entries; it says where the chain goes on."""
        first = self._row("SELECT * FROM log ORDER BY seq LIMIT 1")
        count = max((head.seq - first.seq + 1) // _DELETED_PART, 1)
        last = self._row("SELECT * FROM log WHERE seq = ?", first.seq + count - 1)
        checkpoint = Checkpoint(
            first=first.seq,
            last=last.seq,
            digest=last.digest.hex(),
            since=self._when(first),
            until=self._when(last),
        )
        self._connection.execute("DELETE FROM log WHERE seq <= ?", (last.seq,))
        return self._insert(head, write_body(checkpoint, stamp))

    def _when(self, row: Row) -> str:
        """When a row was written, UTC."""
        try:
            _, stamp = read_body(row, str(self.path))
        except LogError as error:
            raise BrokenLogError(str(error)) from error
        return stamp.utc.isoformat()

    def _row(self, query: str, *values: int) -> Row:
        return self._read(self._connection.execute(query, values).fetchone() or (0, None, None))

    def _verified_tail(self) -> Head:
        """The end of the chain, the last entries verified."""
        with _in_words(self.path):
            rows = self._connection.execute(
                "SELECT * FROM log ORDER BY seq DESC LIMIT ?", (TAIL + 1,)
            ).fetchall()
        newest_last = [self._read(row) for row in reversed(rows)]
        if not newest_last:
            return Head()
        head = Head(newest_last[0].seq, newest_last[0].digest)
        if head.seq == 1:
            head = self._next(Head(), newest_last[0])
        for row in newest_last[1:]:
            head = self._next(head, row)
        return head

    def _read(self, found: tuple[Any, Any, Any]) -> Row:
        seq, body, digest = found
        if not isinstance(body, str) or not isinstance(digest, bytes):
            raise BrokenLogError(f"{self.path}: entry {seq} is not of the form of this log")
        return Row(seq, body, digest)

    def _next(self, head: Head, row: Row) -> Head:
        if row.seq != head.seq + 1 or chained(head.digest, row.seq, row.body) != row.digest:
            raise BrokenLogError(f"{self.path}: the chain is broken at entry {row.seq}")
        return Head(row.seq, row.digest)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What SQLite says, in this house's words."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        text = str(error)
        passing = "malformed" not in text and any(word in text for word in _CIRCUMSTANCES)
        kind = LogError if passing else BrokenLogError
        raise kind(f"{path}: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    """The database, of our making."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != APPLICATION:
            raise UsageError(f"{path} is another program's database: name another file for the log")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA journal_size_limit=4000000")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not tables:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute(f"PRAGMA user_version={FORMAT}")
            connection.execute(_TABLE)
            connection.execute("COMMIT")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            raise UsageError(
                f"{path}: expected a log of format {FORMAT}, got {version}: it was written by "
                "another version of belisha; name another file for the log"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _locked(path: Path) -> int:
    """An open file whose lock says that somebody writes this log."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise LogError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise LogError(f"{path}: another process writes this log: stop it first") from error
    return lock
