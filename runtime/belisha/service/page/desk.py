"""What the page can do, whoever asks and however: HTTP is the business of the handler."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from belisha.errors import LogError, MissingLibraryError, UsageError
from belisha.service.access import Access, Grant, Peer
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event
from belisha.service.activity_reader import exported, read_rows
from belisha.service.page.feedback import BEFORE_S, Answer, Feedback, Kind
from belisha.service.page.live import Live, Published
from belisha.service.page.messages import picture_message, status_message
from belisha.service.page.settings import PageSettings
from belisha.service.status import Status

MAX_VIEWERS = 4
PULL_S = 600.0
"""For pulling the log: while it is read, what is written beside it cannot be tidied up."""
_BLOCK_BYTES = 64 * 1024

ReadStatus = Callable[[], Status]
SwitchBundle = Callable[[str | None], str]
"""Pins a bundle by name, or `None` for the rules' choice; returns what was done, in words, or
raises a `BelishaError`."""


@dataclass(frozen=True)
class Login:
    """A request to sign in."""

    token: str


@dataclass(frozen=True)
class Press:
    """One of the buttons, pressed while the picture `number` was on the screen."""

    kind: Kind
    number: int


@dataclass(frozen=True)
class Mark:
    """A place, x and y in pixels of the frame, that belongs to the answer kept under `name`."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Switch:
    """A wish for a bundle; `None` leaves the choice to the rules."""

    bundle: str | None


class Desk:
    """Everything that requests are about.

    Args:
        settings: of the page.
        access: who may do what.
        status: tells what is going on; called from the page's threads, while somebody looks.
        log: the activity log, if one is kept.
        feedback: where frames that people mark are kept, if they may be.
        switch: pins a bundle, if that is possible.
    """

    def __init__(
        self,
        settings: PageSettings,
        access: Access,
        status: ReadStatus,
        log: ActivityLog | None,
        feedback: Feedback | None,
        switch: SwitchBundle | None,
    ) -> None:
        self.access = access
        self.live = Live(settings.rate_hz)
        self.encrypted = settings.tls_certificate is not None
        host = socket.gethostname()
        self.names = {"localhost", host.lower(), f"{host.lower()}.local", *settings.names}
        self.closing = False
        self._status, self._log = status, log
        self._feedback, self._switch = feedback, switch
        self._viewers = threading.BoundedSemaphore(MAX_VIEWERS)

    @contextmanager
    def viewer(self) -> Iterator[bool]:
        """A place among those who look; false if there is none left."""
        admitted = self._viewers.acquire(blocking=False)
        try:
            yield admitted
        finally:
            if admitted:
                self._viewers.release()

    @staticmethod
    def now_s() -> float:
        """On a clock that nobody sets."""
        return time.monotonic()

    def status_message(self, since_s: float, grant: Grant) -> tuple[bytes, float]:
        """What is going on, with the log's seconds after `since_s`.

        Returns:
            The message, and the `since_s` of the next one.
        """
        seconds = self._log.recent_seconds() if self._log else []
        events = self._log.recent_events() if self._log else []
        newer = [one for one in seconds if one[0].up_s > since_s]
        rights = set(grant.rights) - ({"switch"} if self._switch is None else set())
        able = {"feedback"} if self._feedback is not None else set()
        message = status_message(
            self._status(), newer, events, sorted({*rights, *able}), signed_in=grant.by_token
        )
        return message, newer[-1][0].up_s if newer else since_s

    @staticmethod
    def picture(one: Published) -> tuple[bytes, bytes]:
        """A picture's message, and the picture."""
        return picture_message(one), one.jpeg()

    def metrics(self) -> tuple[bytes, str]:
        """What Prometheus scrapes, and its media type.

        Raises:
            MissingLibraryError: its library is not installed.
        """
        try:
            from belisha.service.metrics import exposition
        except ModuleNotFoundError as error:
            raise MissingLibraryError(
                f"/metrics needs {error.name}: pip install 'belisha[metrics]'"
            ) from error
        return exposition(self._status())

    def sign_in(self, grant: Grant, peer: Peer) -> str:
        """A secret for a browser's cookie; that somebody signed in is in the log."""
        self._note("access", f"{grant.who} signed in from {peer.address}")
        return self.access.open_session(grant)

    def log_lines(self, after: int, grant: Grant) -> Iterator[bytes]:
        """The log's entries after a number, as blocks of lines.

        Raises:
            UsageError: no log is kept.
            LogError: it cannot be read; also while iterating.
        """
        if self._log is None:
            raise UsageError("no activity log is kept here")
        self._note("access", f"{grant.who} pulls the log after entry {after}")
        return log_blocks(self._log.path, after)

    def press(self, press: Press, grant: Grant) -> str:
        """Keep the frame that somebody judged; returns the name under which it is kept.

        Raises:
            UsageError: the frame is gone.
            SourceError: it cannot be kept.
        """
        if self._feedback is None:
            raise UsageError("frames are not kept here: name a folder for them in the settings")
        pressed = self.live.find(press.number)
        if pressed is None:
            raise UsageError("that picture is gone already: press sooner, or again")
        answer = Answer(press.kind, grant.who, self._status().in_force.digest)
        name = self._feedback.keep(answer, pressed, self.live.before(press.number, BEFORE_S))
        self._note("feedback", f"{grant.who} says {press.kind!r}; the frame is kept", file=name)
        return name

    def mark(self, mark: Mark) -> bool:
        """Note the place that was meant; false if it is too late for that."""
        return self._feedback is not None and self._feedback.mark(mark.name, (mark.x, mark.y))

    def switch(self, wish: Switch, grant: Grant) -> str:
        """Pin a bundle, or leave the choice to the rules again; returns what was done.

        Raises:
            BelishaError: that is not possible.
        """
        if self._switch is None:
            raise UsageError("the model cannot be switched by hand here")
        said = self._switch(wish.bundle)
        self._note("switch", f"{grant.who}: {said}")
        return said

    def _note(self, name: str, text: str, **details: str) -> None:
        if self._log is not None:
            self._log.add_event(Event(name=name, text=text, details=details))


def log_blocks(path: Path, after: int, limit_s: float = PULL_S) -> Iterator[bytes]:
    """Lines of an export, many at a time.

    Raises:
        LogError: the log cannot be read, or whoever pulls it takes too long.
    """
    until = time.monotonic() + limit_s
    block = bytearray()
    for row in read_rows(path, after):
        block += exported(row).encode() + b"\n"
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
        if time.monotonic() > until:
            raise LogError(f"the log was not pulled within {limit_s:g} s: go on after {row.seq}")
    if block:
        yield bytes(block)
