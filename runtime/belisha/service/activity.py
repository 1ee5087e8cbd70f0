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
from belisha.service.telling import words_of

LIMIT_BYTES = 256_000_000
"""Five days of seconds without a pause, at about 510 bytes each."""
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
        self._preface: list[Entry] = []
        self._store: ActivityStore | None = self._opened()
        self._head = self._store.head
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
        return LogState(self._head, len(self._waiting), self._lost, trouble)

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

    def finish(self) -> None:
        """Write what waits, durably, however long that takes.

        Raises:
            LogError: it could not be written.
        """
        self.close(threading.TIMEOUT_MAX)
        if self._trouble:
            raise LogError(f"its end could not be written: {self._trouble}")

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
                self._close_store()
                return

    def _written(self, batch: list[Entry], *, durable: bool) -> bool:
        """Whether the batch is in the log."""
        try:
            if self._store is None:
                self._store = self._opened()
            self._write(self._store, batch, durable=durable)
        except BrokenLogError as error:
            self._trouble = str(error)
            self._close_store()
            self._set_aside(error)
            return False
        except Exception as error:  # the writer must live on, and say what is wrong
            self._trouble = words_of(error)
            return False
        self._trouble = ""
        return True

    def _put_back(self, batch: list[Entry]) -> None:
        with self._wake:
            self._waiting.extendleft(reversed(batch))
            self._give_up_oldest()

    def _write(self, store: ActivityStore, batch: list[Entry], *, durable: bool) -> None:
        """Append a batch; now and then so that it would survive a power cut."""
        now = self._up_s()
        alarm = any(isinstance(one, Event) and one.level == "alarm" for one, _ in batch)
        durable = durable or alarm or now - self._durable_at >= DURABLE_S
        if durable and not self._path.exists():
            raise BrokenLogError(f"{self._path}: the file was removed while it was in use")
        lost = self._lost
        entries = [*self._preface, *self._recovered(lost), *batch]
        if entries:
            bodies = [_body(one, stamp) for one, stamp in entries]
            store.append(bodies, entries[-1][1], durable=durable)
        self._head, self._lost_told, self._preface = store.head, lost, []
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
            write_whole(self._anchor, f"{self._head}\n".encode())
            self._anchored_at, self._anchor_trouble = now, ""
        except OSError as error:
            self._anchor_trouble = f"{self._anchor}: cannot be written: {error.strerror}"

    def _opened(self) -> ActivityStore:
        """The store; a damaged one is set aside first."""
        try:
            return ActivityStore(self._path, self._limit)
        except BrokenLogError as error:
            self._set_aside(error)
            return ActivityStore(self._path, self._limit)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None

    def _set_aside(self, error: BrokenLogError) -> None:
        """Make room for a new log, whose first entry says why it is there."""
        try:
            aside = set_aside(self._path, self._utc())
        except OSError as second_error:
            self._trouble = f"{error}; it cannot be set aside: {second_error.strerror}"
            return
        text = f"the log before this one is damaged and was set aside: {error}"
        event = Event(name="log", level="alarm", text=text, details={"set_aside": aside.name})
        stamp = Stamp(self._utc(), self._up_s())
        self._preface = [(event, stamp)]
        with self._wake:
            self._recent_events.append((stamp, event))


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


def _body(content: Second | Event, stamp: Stamp) -> str:
    """An entry as text; one that has none must not stop those behind it."""
    try:
        return write_body(content, stamp)
    except Exception as error:
        text = f"an entry cannot be written: {error}: {content!r}"
        return write_body(Event(name="log", text=text, level="alarm"), stamp)


def _clock_event(step_s: float) -> Event:
    direction = "forward" if step_s > 0 else "back"
    return Event(
        name="clock",
        level="warning",
        text=f"the wall clock went {direction} by {abs(step_s):.1f} s against the running time",
        details={"step_s": f"{step_s:.3f}"},
    )
