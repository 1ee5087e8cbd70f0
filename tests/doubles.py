"""Test doubles: small classes that implement a protocol. Nothing is patched."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from belisha.boxes import Boxes
from belisha.cameras import Frame


def frame_of(image_bgr: np.ndarray, source: str = "a.png", index: int = 0) -> Frame:
    """A frame as a camera would give it."""
    return Frame(image_bgr, source, index, time.perf_counter(), 0.0)


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

    def write(self, frame: Frame, boxes: Boxes) -> None:
        self._on_write()
        self.results.append((frame.index, len(boxes)))

    def close(self) -> None:
        self.closed = True
