"""Lines into a file or a pipe, by a thread of its own: a full disk or a slow reader costs lines."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from belisha.service.telling import Say

MAX_WAITING = 900
"""Lines that wait for the writer: half a minute; then the oldest are given up."""
_AGAIN_S = 1.0
_CLOSE_S = 0.3


class Target(Protocol):
    """Where lines go; may take its time."""

    def write(self, lines: bytes) -> None:
        """Write whole lines.

        Raises:
            OSError: they could not be written, or not all of them.
        """
        ...

    def close(self) -> None:
        """Finish."""
        ...


class LineOutlet:
    """Hands lines to a target in the background.

    Args:
        name: for people.
        target: where they go.
        say: is told when it cannot be written, and when it can again.
    """

    def __init__(self, name: str, target: Target, say: Say) -> None:
        self.name, self.dropped, self.sent = name, 0, 0
        self._target, self._say = target, say
        self._waiting: deque[bytes] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name=f"outlet {name}", daemon=True)
        self._thread.start()

    def send(self, message: bytes) -> None:
        """Take a line; returns at once."""
        with self._wake:
            if len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(message)
            self._wake.notify()

    def close(self) -> None:
        """Write what waits, if that goes quickly."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing)
                batch, closing = list(self._waiting), self._closing
                self._waiting.clear()
            if batch:
                self._write(batch)
            if closing:
                self._target.close()
                return

    def _write(self, batch: list[bytes]) -> None:
        try:
            self._target.write(b"".join(batch))
        except OSError as error:
            self.dropped += len(batch)
            self._in_trouble(error.strerror or str(error))
            with self._wake:
                self._wake.wait_for(lambda: self._closing, _AGAIN_S)
            return
        self.sent += len(batch)
        if self._trouble:
            self._trouble = ""
            self._say("outlet", f"{self.name} can be written again; {self.dropped} lines are lost")

    def _in_trouble(self, reason: str) -> None:
        if reason != self._trouble:
            self._trouble = reason
            self._say("outlet", f"{self.name} cannot be written: {reason}", "warning")


class FileTarget:
    """A file that is begun anew when it is full; the one before is kept beside it as `.1`.

    Args:
        path: of the file; made if absent.
        limit_bytes: both together may take twice that.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._path, self._limit = path, limit_bytes
        self._descriptor: int | None = None

    def write(self, lines: bytes) -> None:
        """See `Target.write`; what was half written is taken back."""
        if self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0:
            self.close()  # somebody deleted it: nobody could read what is written there
        if self._descriptor is None:
            self._descriptor = self._opened()
        length = os.fstat(self._descriptor).st_size
        if length >= self._limit:
            self.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._descriptor, length = self._opened(), 0
        try:
            _write_all(self._descriptor, lines)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, length)
            self.close()
            raise

    def _opened(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o644)

    def close(self) -> None:
        """See `Target.close`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


class StreamTarget:
    """A pipe or a terminal that is open already, such as stdout.

    Args:
        descriptor: of the file; stays open.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, lines: bytes) -> None:
        """See `Target.write`."""
        _write_all(self._descriptor, lines)

    def close(self) -> None:
        """See `Target.close`."""


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:  # somebody made the pipe non-blocking
            time.sleep(0.01)
