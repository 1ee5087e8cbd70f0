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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from belisha.errors import DatasetError, UsageError
from training.chained_log import ChainedLog, Link, head_of, now
from training.revision import commit

OPENINGS = 20
"""After so many the test set has been looked at too often to be a surprise."""


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
class Entry(Link):
    """A line of the log.

    Attributes:
        kind: `opened` counts as a look; `measured` says what came of it; `renewed` begins to
            count anew, with another test set.
        opening: number of the look since the test set was renewed; 0 for `renewed`.
        limit: after how many looks it counts as spent.
        who, reason, model, model_digest, version, fingerprint: as in `Opening`.
        commit: of the code.
        figures: of `measured`.
    """

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
        self._log = ChainedLog(
            folder,
            "seal",
            Entry,
            "figures on this test set cannot be trusted: restore the log",
        )
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
            self._log.append(entries, entry)
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
            entry = dataclasses.replace(
                permit.entry,
                previous=head_of(entries),
                time=now(),
                kind="measured",
                figures=dict(figures),
            )
            self._log.append(entries, entry)
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
            self._log.append(entries, self._next(entries, "renewed", about))
        return self.state()

    def state(self) -> State:
        """How often it was opened; the whole chain is verified for that."""
        entries = self.entries()
        limit = self._limit or (entries[-1].limit if entries else OPENINGS)
        return State(_openings(entries), limit, head_of(entries))

    def entries(self) -> tuple[Entry, ...]:
        """All lines, the oldest first, their chain verified.

        Raises:
            DatasetError: a line was changed, dropped, inserted, or cut off; the message names it.
        """
        return self._log.entries()

    def _next(
        self,
        entries: tuple[Entry, ...],
        kind: Literal["opened", "renewed"],
        about: Opening,
    ) -> Entry:
        state = self.state()
        return Entry(
            previous=state.head,
            time=now(),
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
            with self._log.appending() as entries:
                yield entries
        except DatasetError as error:
            raise DatasetError(f"{error}: the test split stays sealed") from error


def _openings(entries: tuple[Entry, ...]) -> int:
    """Looks since the test set was renewed."""
    count = 0
    for entry in entries:
        count = 0 if entry.kind == "renewed" else count + (entry.kind == "opened")
    return count
