"""Test doubles: small classes that implement a protocol. Nothing is patched."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from belisha.boxes import Boxes
from belisha.cameras import Frame
from belisha.service.results import Result, Seen


def frame_of(image_bgr: np.ndarray, source: str = "a.png", index: int = 0) -> Frame:
    """A frame as a camera would give it."""
    return Frame(image_bgr, source, index, time.perf_counter(), 0.0)


def result_of(frame: Frame, boxes: Boxes) -> Result:
    """A result as the loop would give it, 5 ms after capture."""
    return Result(0, frame, Seen(boxes), frame.captured_s + 0.005, late=False, bundle="toy")


class ScriptedCamera:
    """Gives what it was told to: frames, or errors that it raises."""

    def __init__(self, script: Sequence[np.ndarray | BaseException]) -> None:
        self._script = list(script)
        self._index = 0
        self.closed = False

    @property
    def expected(self) -> int | None:
        return len(self._script)

    def read(self) -> Frame | None:
        if self._index == len(self._script):
            return None
        step = self._script[self._index]
        self._index += 1
        if isinstance(step, BaseException):
            raise step
        return frame_of(step, index=self._index - 1)

    def close(self) -> None:
        self.closed = True


class RecordingSink:
    """Remembers what it was given."""

    def __init__(self, on_write: Callable[[], None] = lambda: None) -> None:
        self.results: list[tuple[int, int]] = []
        self.closed = False
        self._on_write = on_write

    def write(self, result: Result) -> None:
        self._on_write()
        self.results.append((result.frame.index, len(result.boxes)))

    def close(self) -> None:
        self.closed = True


class Told:
    """Remembers what parts of the service said."""

    def __init__(self) -> None:
        self.sentences: list[tuple[str, str, str]] = []

    def __call__(self, name: str, text: str, level: str = "info") -> None:
        self.sentences.append((name, level, text))

    def has(self, name: str, words: str) -> bool:
        """Whether something about `name` holds these words."""
        return any(name == one and words in text for one, _, text in self.sentences)


class Manager:
    """Stands for systemd: a socket that collects what a service tells.

    Args:
        path: of the socket.
    """

    def __init__(self, path: Path) -> None:
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.02)

    def told(self, seconds: float, until: str = "") -> list[str]:
        """What comes within some seconds, or until something does."""
        end, got = time.monotonic() + seconds, []
        while time.monotonic() < end and (not until or until not in got):
            with suppress(TimeoutError):
                got.append(self._socket.recv(4096).decode().partition("\n")[0])
        return got

    def close(self) -> None:
        self._socket.close()


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something becomes true within some seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
