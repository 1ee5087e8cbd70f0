"""A progress line on stderr, only where a person watches. The device carries no library for it."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_REDRAW_S = 0.2


class Progress:
    """Counts steps, shows rate and time left."""

    def __init__(self, expected: int | None, unit: str) -> None:
        self._expected, self._unit = expected, unit
        self._done = 0
        self._begun = time.perf_counter()
        self._drawn = 0.0
        self._shown = sys.stderr.isatty()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.perf_counter()
        if self._shown and now - self._drawn >= _REDRAW_S:
            self._drawn = now
            print(f"\r{self._line(now)}\x1b[K", end="", file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        rate = self._done / max(now - self._begun, 1e-9)
        if self._expected is None:
            return f"{self._done} {self._unit}, {rate:.0f}/s"
        left = max(self._expected - self._done, 0) / max(rate, 1e-9)
        return f"{self._done} of {self._expected} {self._unit}, {rate:.0f}/s, {left:.0f} s left"

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
