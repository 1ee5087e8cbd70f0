"""The activity log, as the loop sees it: take a summary or an event, return at once.

A thread of its own writes. The loop never waits for the disk: if the disk is full or hangs, entries
wait in memory, the oldest are given up and counted, and the log says so when it is well again. A
log that is damaged is set aside and a new one begun, which says why.

    kill -9      loses what was not yet added: the second under way
    power cut    loses what came after the last durable commit, at most `DURABLE_S`; alarms at once
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from belisha.bundle import write_whole
from belisha.errors import LogError
from belisha.service.activity_entries import Event, Head, Second, Stamp, write_body
from belisha.service.activity_store import ActivityStore, BrokenLogError

LIMIT_BYTES = 256_000_000
"""Seven days of seconds without a pause."""
DURABLE_S = 10.0
ANCHOR_S = 60.0
MAX_WAITING = 1000
"""Entries that wait for a disk: a quarter of an hour."""
RECENT_SECONDS = 300
RECENT_EVENTS = 50
CLOCK_STEP_S = 2.0
"""A wall clock that moves by more against the running time was set."""
_KEPT_ASIDE = 2
_RETRY_S = (1.0, 30.0)

Entry = tuple[Second | Event, Stamp]


@dataclass(frozen=True)
class LogState:
    """How the log is doing.

    Attributes:
        head: end of the chain; keep it elsewhere to notice later that the log was changed.
        waiting: entries that are not written yet.
        lost: entries that were given up since the start.
        trouble: what is wrong; empty if nothing is.
    """

    head: Head
    waiting: int
    lost: int
    trouble: str


class ActivityLog:
    """The log of one device; one process at a time writes it.

    Args:
        path: of the SQLite file; made if absent.
        limit_bytes: the oldest entries go when it would become larger.
        anchor: a file, on another medium if possible, that gets the head once a minute.
        utc: the wall clock.
        up_s: the running time.

    Raises:
        LogError: the file cannot be opened, or another process writes it.
        UsageError: the limit is too small, or the file is something else.
    """

    def __init__(
        self,
        path: Path,
        *,
        limit_bytes: int = LIMIT_BYTES,
        anchor: Path | None = None,
        utc: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        up_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._limit, self._anchor = path, limit_bytes, anchor
        self._utc, self._up_s = utc, up_s
        self._waiting: deque[Entry] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._lost = self._lost_told = 0
        self._trouble = self._anchor_trouble = ""
        self._durable_at = self._anchored_at = float("-inf")
        self._offset_s: float | None = None
        self._recent_seconds: deque[tuple[Stamp, Second]] = deque(maxlen=RECENT_SECONDS)
        self._recent_events: deque[tuple[Stamp, Event]] = deque(maxlen=RECENT_EVENTS)
        self._damage: BrokenLogError | None = None
        self._store = self._opened()
        self._thread = threading.Thread(target=self._work, name="activity log", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._path

    def add_second(self, second: Second) -> None:
        """Take the summary of a second; never waits for the disk."""
        self._add(second)

    def add_event(self, event: Event) -> None:
        """Take an event; never waits for the disk."""
        self._add(event)

    @property
    def state(self) -> LogState:
        """How the log is doing."""
        trouble = self._trouble or self._anchor_trouble
        return LogState(self._store.head, len(self._waiting), self._lost, trouble)

    def recent_seconds(self) -> list[tuple[Stamp, Second]]:
        """The last five minutes, the oldest first."""
        with self._wake:
            return list(self._recent_seconds)

    def recent_events(self) -> list[tuple[Stamp, Event]]:
        """The last events, the oldest first."""
        with self._wake:
            return list(self._recent_events)

    def close(self, timeout_s: float = 1.0) -> None:
        """Write what waits, durably; give up after `timeout_s`."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join(timeout_s)

    def _add(self, content: Second | Event) -> None:
        stamp = Stamp(self._utc(), self._up_s())
        with self._wake:
            step_s = self._clock_step(stamp)
            if abs(step_s) > CLOCK_STEP_S:
                self._take(_clock_event(step_s), stamp)
            self._take(content, stamp)
            self._wake.notify_all()

    def _take(self, content: Second | Event, stamp: Stamp) -> None:
        """Put an entry in line; the lock is held."""
        if isinstance(content, Event):
            self._recent_events.append((stamp, content))
        else:
            self._recent_seconds.append((stamp, content))
        self._waiting.append((content, stamp))
        self._give_up_oldest()

    def _give_up_oldest(self) -> None:
        while len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._lost += 1

    def _clock_step(self, stamp: Stamp) -> float:
        """By how many seconds the wall clock has moved against the running time."""
        offset = stamp.utc.timestamp() - stamp.up_s
        before, self._offset_s = self._offset_s, offset
        return 0.0 if before is None else offset - before

    def _work(self) -> None:
        """The writer's life."""
        retry_s = _RETRY_S[0]
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing)
                batch, closing = list(self._waiting), self._closing
                self._waiting.clear()
            if self._written(batch, durable=closing):
                retry_s = _RETRY_S[0]
            elif not closing:
                self._put_back(batch)
                with self._wake:
                    self._wake.wait_for(lambda: self._closing, retry_s)
                retry_s = min(2 * retry_s, _RETRY_S[1])
            if closing:
                self._store.close()
                return

    def _written(self, batch: list[Entry], *, durable: bool) -> bool:
        """Whether the batch is in the log; a damaged log is replaced at the next try."""
        try:
            if self._damage is not None:
                self._store = self._begun_anew(self._damage)
                self._damage = None
            self._write(batch, durable=durable)
        except BrokenLogError as error:
            self._damage, self._trouble = error, str(error)
            self._store.close()
            return False
        except (LogError, OSError) as error:
            self._trouble = str(error)
            return False
        self._trouble = ""
        return True

    def _put_back(self, batch: list[Entry]) -> None:
        with self._wake:
            self._waiting.extendleft(reversed(batch))
            self._give_up_oldest()

    def _write(self, batch: list[Entry], *, durable: bool) -> None:
        """Append a batch; now and then so that it would survive a power cut."""
        now = self._up_s()
        alarm = any(isinstance(one, Event) and one.level == "alarm" for one, _ in batch)
        durable = durable or alarm or now - self._durable_at >= DURABLE_S
        if durable and not self._path.exists():
            raise BrokenLogError(f"{self._path}: the file was removed while it was in use")
        lost = self._lost
        entries = [*self._recovered(lost), *batch]
        if entries:
            bodies = [write_body(one, stamp) for one, stamp in entries]
            self._store.append(bodies, entries[-1][1], durable=durable)
        self._lost_told = lost
        if durable:
            self._durable_at = now
            self._drop_anchor(now)

    def _recovered(self, lost: int) -> list[Entry]:
        """What is to be said after a time without a disk."""
        if lost == self._lost_told:
            return []
        text = f"{lost - self._lost_told} entries were given up: the log could not be written"
        event = Event(name="log", level="warning", text=text, details={"reason": self._trouble})
        return [(event, Stamp(self._utc(), self._up_s()))]

    def _drop_anchor(self, now: float) -> None:
        """Write the head elsewhere; a durable one, so that a power cut cannot contradict it."""
        if self._anchor is None or (now - self._anchored_at < ANCHOR_S and not self._closing):
            return
        try:
            write_whole(self._anchor, f"{self._store.head}\n".encode())
            self._anchored_at, self._anchor_trouble = now, ""
        except OSError as error:
            self._anchor_trouble = f"{self._anchor}: cannot be written: {error.strerror}"

    def _opened(self) -> ActivityStore:
        """The store; a damaged one is set aside first."""
        try:
            return ActivityStore(self._path, self._limit)
        except BrokenLogError as error:
            return self._begun_anew(error)

    def _begun_anew(self, error: BrokenLogError) -> ActivityStore:
        aside = set_aside(self._path, self._utc())
        text = f"the log before this one is damaged and was set aside: {error}"
        event = Event(name="log", level="alarm", text=text, details={"set_aside": aside.name})
        stamp = Stamp(self._utc(), self._up_s())
        self._recent_events.append((stamp, event))
        store = ActivityStore(self._path, self._limit)
        store.append([write_body(event, stamp)], stamp, durable=True)
        return store


def set_aside(path: Path, utc: datetime) -> Path:
    """Rename a damaged log; of several such, the newest two are kept.

    Returns:
        Its new path.
    """
    aside = path.with_name(f"{path.name}.damaged-{utc:%Y%m%dT%H%M%S}")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))
    older = sorted(
        one
        for one in path.parent.glob(f"{path.name}.damaged-*")
        if not one.name.endswith(("-wal", "-shm"))
    )
    for one in older[:-_KEPT_ASIDE]:
        for ending in ("", "-wal", "-shm"):
            one.with_name(one.name + ending).unlink(missing_ok=True)
    return aside


def _clock_event(step_s: float) -> Event:
    direction = "forward" if step_s > 0 else "back"
    return Event(
        name="clock",
        level="warning",
        text=f"the wall clock went {direction} by {abs(step_s):.1f} s against the running time",
        details={"step_s": f"{step_s:.3f}"},
    )
