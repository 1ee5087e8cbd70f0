"""The seal of the test split: whoever looks is written down first, and looks are counted.

    Seal.open(opening) -> Permit          the look is in the log before a picture is read
    Seal.measured(permit, figures)        the figures are in the log before anybody sees them

STORE/seal.jsonl holds a line for each step. A line names the digest of the line before it, so a
line that is changed, dropped or inserted breaks the chain; STORE/seal.head holds the digest of the
last line, so that lines missing at the end are noticed. Who can write both files can forge both:
keep a head elsewhere (each evaluation holds one) and compare it by `data seal --head`.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from belisha.bundle import write_whole
from belisha.documents import parse_json
from belisha.errors import ConfigError, DatasetError, UsageError
from training.revision import commit

OPENINGS = 20
"""After so many the test set has been looked at too often to be a surprise."""
MAX_BYTES = 64_000_000
_BEGIN = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Who wants to look, why, and at what.

    Attributes:
        who: a person.
        reason: in words.
        model: name of what is measured.
        model_digest: its identity.
        version: name of the version of the data.
        fingerprint: of that version.
    """

    who: str
    reason: str
    model: str
    model_digest: str
    version: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the log.

    Attributes:
        previous: digest of the line before; zeros in the first.
        time: UTC, for people.
        kind: `opened` counts as a look; `measured` says what came of it; `renewed` begins to
            count anew, with another test set.
        opening: number of the look since the test set was renewed; 0 for `renewed`.
        limit: after how many looks it counts as spent.
        who, reason, model, model_digest, version, fingerprint: as in `Opening`.
        commit: of the code.
        figures: of `measured`.
    """

    previous: str
    time: str
    kind: Literal["opened", "measured", "renewed"]
    opening: int
    limit: int
    who: str
    reason: str
    model: str = ""
    model_digest: str = ""
    version: str = ""
    fingerprint: str = ""
    commit: str = ""
    figures: dict[str, float | None] = field(default_factory=dict)

    @property
    def line(self) -> bytes:
        """As it stands in the log."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, allow_nan=False)
        return text.encode() + b"\n"

    @property
    def digest(self) -> str:
        """sha256 of the line."""
        return hashlib.sha256(self.line).hexdigest()


@dataclass(frozen=True)
class State:
    """How often the test set has been looked at.

    Attributes:
        openings: since it was new.
        limit: after how many it counts as spent.
        head: digest of the last line; zeros for an empty log.
    """

    openings: int
    limit: int
    head: str

    @property
    def spent(self) -> bool:
        """Whether figures on it still say how a model does on pictures that nobody chose by."""
        return self.openings > self.limit

    def __str__(self) -> str:
        if not self.spent:
            return f"the test set was opened {self.openings} times of {self.limit}"
        return (
            f"SPENT: the test set was opened {self.openings} times, {self.limit} were allowed: "
            "what was chosen by it flatters itself on it; 'data refresh-test' tells how to renew it"
        )


@dataclass(frozen=True)
class Permit:
    """Leave to read the test split of one version: proof that the look is in the log.

    Attributes:
        entry: the line that was written for it.
        state: of the log after it.
    """

    entry: Entry
    state: State

    @property
    def fingerprint(self) -> str:
        """Of the version that may be read."""
        return self.entry.fingerprint


class Seal:
    """The log of looks at a store's test split.

    Args:
        folder: of the store.
        limit: looks after which the set counts as spent, from now on.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise UsageError(
                f"expected at least 1 opening before the test set is spent, got {limit}"
            )
        self._log, self._head = folder / "seal.jsonl", folder / "seal.head"
        self._lock = folder / "seal.lock"
        self._limit = limit

    def open(self, opening: Opening) -> Permit:
        """Write a look down, then allow it.

        Raises:
            UsageError: nobody's name, or no reason.
            DatasetError: the log was tampered with or cannot be written; nothing may be read then.
        """
        for name in ("who", "reason"):
            if not getattr(opening, name).strip():
                raise UsageError(
                    f"the test split is sealed: expected --{name}, got nothing: say who looks, "
                    "and why: it is kept in the log"
                )
        with self._appending() as entries:
            entry = self._next(entries, "opened", opening)
            self._write([*entries, entry])
        return Permit(entry, self.state())

    def measured(self, permit: Permit, figures: Mapping[str, float | None]) -> State:
        """Write down what a look brought; call it before the figures are shown to anybody.

        Raises:
            RuntimeError: the permit is not from this log.
            DatasetError: the log was tampered with or cannot be written.
        """
        with self._appending() as entries:
            if permit.entry not in entries:
                raise RuntimeError("the permit is not from this log: get one from Seal.open")
            last = entries[-1]
            entry = dataclasses.replace(
                permit.entry,
                previous=last.digest,
                time=_now(),
                kind="measured",
                figures=dict(figures),
            )
            self._write([*entries, entry])
        return self.state()

    def renew(self, who: str, reason: str, version: str, fingerprint: str) -> State:
        """Begin to count anew, because `version` has another test set."""
        with self._appending() as entries:
            about = Opening(
                who=who,
                reason=reason,
                model="",
                model_digest="",
                version=version,
                fingerprint=fingerprint,
            )
            self._write([*entries, self._next(entries, "renewed", about)])
        return self.state()

    def state(self) -> State:
        """How often it was opened; the whole chain is verified for that."""
        entries = self.entries()
        limit = self._limit or (entries[-1].limit if entries else OPENINGS)
        return State(_openings(entries), limit, entries[-1].digest if entries else _BEGIN)

    def entries(self) -> tuple[Entry, ...]:
        """All lines, the oldest first, their chain verified.

        Raises:
            DatasetError: a line was changed, dropped, inserted, or cut off; the message names it.
        """
        lines = self._read(self._log).splitlines(keepends=True)
        entries = []
        previous = _BEGIN
        for number, line in enumerate(lines, 1):
            place = f"{self._log}:{number}"
            try:
                entry = parse_json(line, Entry, place)
            except ConfigError as error:
                raise DatasetError(f"the seal is broken: {error}") from error
            if entry.previous != previous or entry.line != line:
                raise DatasetError(
                    f"{place}: the seal is broken: a line was changed, dropped or inserted here or "
                    "just before; figures on this test set cannot be trusted: restore the log"
                )
            entries.append(entry)
            previous = entry.digest
        self._check_head(entries)
        return tuple(entries)

    def _check_head(self, entries: list[Entry]) -> None:
        """The head is that of the last line, or of the one before if writing was interrupted."""
        head = self._read(self._head).decode(errors="replace").strip() or _BEGIN
        digests = [_BEGIN, *(entry.digest for entry in entries)]
        if head not in digests[-2:]:
            raise DatasetError(
                f"{self._log}: the seal is broken: {self._head.name} says that the last line has "
                f"the digest {head}, but it is {digests[-1]}: lines are missing; restore the log"
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

    def _next(
        self,
        entries: tuple[Entry, ...],
        kind: Literal["opened", "renewed"],
        about: Opening,
    ) -> Entry:
        state = self.state()
        return Entry(
            previous=state.head,
            time=_now(),
            kind=kind,
            opening=0 if kind == "renewed" else _openings(entries) + 1,
            limit=state.limit,
            commit=commit(),
            **dataclasses.asdict(about),
        )

    @contextmanager
    def _appending(self) -> Iterator[tuple[Entry, ...]]:
        """The entries so far, while nobody else writes."""
        try:
            with self._lock.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self.entries()
        except OSError as error:
            raise DatasetError(
                f"{self._log}: cannot be written: {error.strerror}: the test split stays sealed"
            ) from error

    def _write(self, entries: list[Entry]) -> None:
        write_whole(self._log, b"".join(entry.line for entry in entries))
        write_whole(self._head, f"{entries[-1].digest}\n".encode())


def _openings(entries: tuple[Entry, ...]) -> int:
    """Looks since the test set was renewed."""
    count = 0
    for entry in entries:
        count = 0 if entry.kind == "renewed" else count + (entry.kind == "opened")
    return count


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
