"""A log that only grows: each line names the digest of the line before it.

A line that is changed, dropped or inserted breaks the chain; a second file holds the digest of the
last line, so that lines missing at the end are noticed. Who can write both files can forge both.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Generic, TypeVar

from belisha.bundle import write_whole
from belisha.documents import parse_json
from belisha.errors import ConfigError, DatasetError

MAX_BYTES = 64_000_000
BEGIN = "0" * 64
"""Stands for the line before the first."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What every line has.

    Attributes:
        previous: digest of the line before; zeros in the first.
        time: UTC, for people.
    """

    previous: str
    time: str

    @property
    def line(self) -> bytes:
        """As it stands in the log."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, allow_nan=False)
        return text.encode() + b"\n"

    @property
    def digest(self) -> str:
        """sha256 of the line."""
        return hashlib.sha256(self.line).hexdigest()


LinkT = TypeVar("LinkT", bound=Link)


class ChainedLog(Generic[LinkT]):
    """A log in three files: NAME.jsonl, NAME.head and NAME.lock.

    Args:
        folder: where they are.
        name: of the log, in file names and messages.
        kind: of its lines.
        broken: what a broken chain means, and what to do.
    """

    def __init__(self, folder: Path, name: str, kind: type[LinkT], broken: str) -> None:
        self.path, self._head = folder / f"{name}.jsonl", folder / f"{name}.head"
        self._lock = folder / f"{name}.lock"
        self._name, self._kind, self._broken = name, kind, broken

    def entries(self) -> tuple[LinkT, ...]:
        """All lines, the oldest first, their chain verified.

        Raises:
            DatasetError: a line was changed, dropped, inserted, or cut off; the message names it.
        """
        lines = self._read(self.path).splitlines(keepends=True)
        entries: list[LinkT] = []
        for number, line in enumerate(lines, 1):
            place = f"{self.path}:{number}"
            try:
                entry = parse_json(line, self._kind, place)
            except ConfigError as error:
                raise DatasetError(f"the {self._name} is broken: {error}") from error
            if entry.previous != head_of(entries) or entry.line != line:
                raise DatasetError(
                    f"{place}: the {self._name} is broken: a line was changed, dropped or inserted "
                    f"here or just before; {self._broken}"
                )
            entries.append(entry)
        self._check_head(entries)
        return tuple(entries)

    @contextmanager
    def appending(self) -> Iterator[tuple[LinkT, ...]]:
        """The entries so far, while nobody else writes.

        Raises:
            DatasetError: the log was tampered with or cannot be written.
        """
        try:
            with self._lock.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self.entries()
        except OSError as error:
            raise DatasetError(f"{self.path}: cannot be written: {error.strerror}") from error

    def append(self, entries: Sequence[LinkT], entry: LinkT) -> None:
        """Write one line more; call it within `appending`, with the entries that it gave."""
        write_whole(self.path, b"".join(one.line for one in (*entries, entry)))
        write_whole(self._head, f"{entry.digest}\n".encode())

    def _check_head(self, entries: list[LinkT]) -> None:
        """The head is that of the last line, or of the one before if writing was interrupted."""
        head = self._read(self._head).decode(errors="replace").strip() or BEGIN
        if head not in (head_of(entries), head_of(entries[:-1])):
            raise DatasetError(
                f"{self.path}: the {self._name} is broken: {self._head.name} says that the last "
                f"line has the digest {head}, but it is {head_of(entries)}: lines are missing; "
                "restore the log"
            )

    def _read(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
        if len(data) > MAX_BYTES:
            raise DatasetError(f"{path}: expected at most {MAX_BYTES} bytes")
        return data


def head_of(entries: Sequence[Link]) -> str:
    """Digest of the last line; zeros for an empty log."""
    return entries[-1].digest if entries else BEGIN


def now() -> str:
    """UTC, for people."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
