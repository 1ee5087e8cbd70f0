"""Files played like a camera: each frame is there at its time, whoever looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from belisha.cameras import Camera, Frame, NoFrame

STILL_RATE_HZ = 10.0
"""Frames per second of pictures, which have no rate of their own."""


class Paced:
    """Another camera at a camera's pace; see `belisha.cameras.Camera`.

    Args:
        start: opens the files, again and again if they repeat.
        rate_hz: frames per second; the files' own if absent.
        repeat: whether to begin again at the end.
    """

    def __init__(
        self, start: Callable[[], Camera], rate_hz: float | None = None, *, repeat: bool = False
    ) -> None:
        self._start, self._rate_hz, self._repeat = start, rate_hz, repeat
        self._camera = start()
        self._due_s: float | None = None

    @property
    def expected(self) -> int | None:
        """See `Camera.expected`."""
        return None if self._repeat else self._camera.expected

    def read(self) -> Frame | NoFrame | None:
        """The next frame, when it is due; one that is late is captured when it is there."""
        frame = self._camera.read()
        if frame is None and self._repeat:
            self._camera.close()
            self._camera = self._start()
            frame = self._camera.read()
        if not isinstance(frame, Frame):
            return frame
        now = time.perf_counter()
        rate_hz = self._rate_hz or frame.rate_hz or STILL_RATE_HZ
        due_s = now if self._due_s is None else max(self._due_s, now - 1 / rate_hz)
        self._due_s = due_s + 1 / rate_hz
        time.sleep(max(due_s - now, 0.0))
        return replace(frame, captured_s=max(due_s, now), rate_hz=rate_hz)

    def close(self) -> None:
        """See `Camera.close`."""
        self._camera.close()
