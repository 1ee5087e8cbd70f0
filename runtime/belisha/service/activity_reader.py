"""Reading an activity log, on the device or far from it, and telling whether it is whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from belisha.documents import load_json
from belisha.errors import ConfigError, LogError
from belisha.service.activity_entries import (
    BEGIN,
    MAX_BODY_BYTES,
    Checkpoint,
    Content,
    Event,
    Head,
    Row,
    Second,
    Stamp,
    canonical,
    chained,
    read_body,
)
from belisha.service.activity_store import APPLICATION, FORMAT

_SQLITE = b"SQLite format 3\0"
MAX_PROBLEMS = 10


@dataclass(frozen=True)
class Verification:
    """What the chain of a log says.

    Attributes:
        first, last: numbers of the entries at both ends; 0 for an empty log.
        seconds, events: how many of each there are.
        deleted: how many entries went before `first`, by checkpoints.
        head: the end of the chain.
        problems: why the log can't be trusted; the first is the earliest.
        doubts: heads that could not be compared, because their entries were deleted by now.
    """

    first: int
    last: int
    seconds: int
    events: int
    deleted: int
    head: Head
    problems: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing speaks against the log."""
        return not self.problems


def count_rows(path: Path) -> int | None:
    """How many entries a log has, for progress; `None` for an export."""
    if not _is_database(path):
        return None
    with _connected(path) as connection, _in_words(path):
        return int(connection.execute("SELECT count(*) FROM log").fetchone()[0])


def read_rows(path: Path, after: int = 0) -> Iterator[Row]:
    """The entries of a log or of its export, the oldest first; only those beyond `after`.

    Raises:
        LogError: it cannot be read, is damaged, or is no such log.
    """
    return _database_rows(path, after) if _is_database(path) else _exported_rows(path, after)


def exported(row: Row) -> str:
    """A row as one line of an export; `read_rows` reads it back, digest and all."""
    return json.dumps(
        {"seq": row.seq, "digest": row.digest.hex(), "entry": json.loads(row.body)}, sort_keys=True
    )


class Verifier:
    """Follows a chain row by row.

    Args:
        heads: known from elsewhere, to be found in the log.
        name: of the log, for messages.
    """

    def __init__(self, heads: Iterable[Head] = (), name: str = "log") -> None:
        self._heads, self._name = list(heads), name
        self._wanted = {head.seq: head for head in self._heads if head.seq}
        self._first: Row | None = None
        self._last: Row | None = None
        self._checkpoint: Checkpoint | None = None
        self._kinds = {Second: 0, Event: 0, Checkpoint: 0}
        self._problems: list[str] = []

    def take(self, row: Row) -> tuple[Content, Stamp] | None:
        """Follow one more row.

        Returns:
            What it says and when it was written, if that can be read.
        """
        if self._first is None:
            self._first = row
        if self._last is None:
            # Whether another may be the first is known when the checkpoints have been read.
            good = row.seq != 1 or chained(BEGIN, 1, row.body) == row.digest
        else:
            good = self._follows(self._last, row)
        if not good:
            self._problems.append(
                f"entry {row.seq}: it was changed, or entries before it were dropped or inserted"
            )
        self._last = row
        self._compare(row)
        try:
            content, stamp = read_body(row, self._name)
        except LogError as error:
            self._problems.append(str(error))
            return None
        self._kinds[type(content)] += 1
        if isinstance(content, Checkpoint):
            self._checkpoint = content
        return content, stamp

    def damaged(self, error: LogError) -> None:
        """The log cannot be read further."""
        self._problems.append(str(error))

    def result(self) -> Verification:
        """The verdict, after the last row."""
        first = self._first.seq if self._first else 0
        head = Head(self._last.seq, self._last.digest) if self._last else Head()
        problems = [*self._beginning(), *self._problems, *self._missing_end(head)]
        doubts = [
            f"the head {one.seq} cannot be compared: its entry was deleted to keep the log small"
            for one in self._wanted.values()
            if one.seq < first and not self._is_checkpoint(one)
        ]
        return Verification(
            first=first,
            last=head.seq,
            seconds=self._kinds[Second],
            events=self._kinds[Event],
            deleted=max(first - 1, 0),
            head=head,
            problems=tuple(problems[:MAX_PROBLEMS]),
            doubts=tuple(doubts),
        )

    @staticmethod
    def _follows(before: Row, row: Row) -> bool:
        return row.seq == before.seq + 1 and chained(before.digest, row.seq, row.body) == row.digest

    def _compare(self, row: Row) -> None:
        head = self._wanted.pop(row.seq, None)
        if head is not None and head.digest != row.digest:
            self._problems.append(
                f"entry {row.seq}: its digest is {row.digest.hex()}, but {head.digest.hex()} was "
                "noted elsewhere: the log was rewritten"
            )

    def _beginning(self) -> list[str]:
        """What speaks against the first entry: the chain begins with it, or with a checkpoint."""
        if self._first is None or self._first.seq == 1:
            return []
        checkpoint = self._checkpoint
        if checkpoint is None or checkpoint.last != self._first.seq - 1:
            return [
                f"entry {self._first.seq} is the first, and no checkpoint says that those before "
                "it were deleted by the log itself"
            ]
        if chained(bytes.fromhex(checkpoint.digest), self._first.seq, self._first.body) != (
            self._first.digest
        ):
            return [f"entry {self._first.seq} does not follow from the checkpoint before it"]
        return []

    def _missing_end(self, head: Head) -> list[str]:
        return [
            f"the head {one.seq} was noted elsewhere, but the log ends with entry {head.seq}: "
            "entries are missing at the end"
            for one in self._wanted.values()
            if one.seq > head.seq
        ]

    def _is_checkpoint(self, head: Head) -> bool:
        one = self._checkpoint
        return one is not None and (one.last, one.digest) == (head.seq, head.digest.hex())


def verify(path: Path, heads: Sequence[Head] = ()) -> Verification:
    """Follow the whole chain of a log or an export.

    Raises:
        LogError: it cannot be opened or is no log; damage further on is a problem of the verdict.
    """
    verifier = Verifier(heads, str(path))
    for row in until_damage(path, verifier):
        verifier.take(row)
    return verifier.result()


def until_damage(path: Path, verifier: Verifier) -> Iterator[Row]:
    """The rows of a log up to where it cannot be read, which the verifier is told."""
    if _is_database(path):
        _look_for_damage(path, verifier)
    rows = read_rows(path)
    read = 0
    try:
        for row in rows:
            read += 1
            yield row
    except LogError as error:
        if not read:
            raise
        verifier.damaged(error)


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise LogError(f"{path}: cannot be read: {error.strerror}") from error


def _connected(path: Path) -> closing[sqlite3.Connection]:
    """The database, read only."""
    with _in_words(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
        found = tuple(
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
    if found != (APPLICATION, FORMAT):
        connection.close()
        raise LogError(f"{path}: expected an activity log of format {FORMAT}, got another database")
    return closing(connection)


def _look_for_damage(path: Path, verifier: Verifier) -> None:
    """What the chain cannot tell: pages of the file that no longer belong to it."""
    with _connected(path) as connection, _in_words(path):
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        verifier.damaged(LogError(f"{path}: the file is damaged: {found}"))


def _database_rows(path: Path, after: int) -> Iterator[Row]:
    """One query, so that the log is seen as it was at one moment, whatever the writer deletes."""
    with _connected(path) as connection, _in_words(path):
        for seq, body, digest in connection.execute(
            "SELECT seq, body, digest FROM log WHERE seq > ? ORDER BY seq", (after,)
        ):
            if not isinstance(body, str) or not isinstance(digest, bytes):
                raise LogError(f"{path}: entry {seq} is not of the form of this log")
            yield Row(seq, body, digest)


def _exported_rows(path: Path, after: int) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file, path), 1):
                row = _parsed(line, f"{path}:{number}")
                if row.seq > after:
                    yield row
    except OSError as error:
        raise LogError(f"{path}: cannot be read: {error.strerror}") from error


def _lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    while line := file.readline(MAX_BODY_BYTES + 1):
        if len(line) > MAX_BODY_BYTES:
            raise LogError(f"{path}: a line is longer than {MAX_BODY_BYTES} bytes: no such log")
        yield line


def _parsed(line: bytes, place: str) -> Row:
    try:
        fields = load_json(line, place)
        seq, entry = fields["seq"], fields["entry"]
        digest = bytes.fromhex(fields["digest"])
        if type(seq) is not int or not 0 < seq < 2**63 or type(entry) is not dict:
            raise ValueError("seq or entry is of a wrong type")
        return Row(seq, canonical(entry), digest)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise LogError(
            f"{place}: expected a line of 'belisha log export', got {line[:60]!r} ({error})"
        ) from error


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What SQLite says, in this house's words."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        advice = ""
        if "unable to open" in str(error) or "readonly" in str(error):
            advice = (
                ": the file is in use and this user may not write beside it; take 'belisha log "
                "export' on the device, or copy FILE and FILE-wal together"
            )
        raise LogError(f"{path}: {error}{advice}") from error
