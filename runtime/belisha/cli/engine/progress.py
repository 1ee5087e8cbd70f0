"""How far a build is: one line on stderr that changes; where nobody watches, one a minute."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_QUIET_S = 60.0


class PhaseLine:
    """Shows TensorRT's phases."""

    def __init__(self) -> None:
        self._begun = self._told = time.monotonic()
        self._shown = sys.stderr.isatty()

    def show(self, phase: str, done: int, steps: int) -> None:
        """A step of a phase is done."""
        now = time.monotonic()
        text = f"{now - self._begun:4.0f} s  {phase} {done} of {steps}"
        if self._shown:
            print(f"\r{text[:100]}\x1b[K", end="", file=sys.stderr, flush=True)
        elif now - self._told >= _QUIET_S:
            self._told = now
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> PhaseLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
