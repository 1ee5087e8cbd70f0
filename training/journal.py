"""What people see of a training run: a bar or a line a minute, a history, a picture."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from belisha.bundle import write_whole
from training.training_plot import plot_history

HISTORY, PLOT = "history.jsonl", "history.png"
SECONDS_BETWEEN_LINES = 60.0


class Journal:
    """The records of a run, and its progress on stderr.

    Args:
        out: folder of the run.
        done: fraction of the run that is over at the start.
        speaks: false in a process that must leave people and files alone.
    """

    def __init__(self, out: Path, done: float, *, speaks: bool) -> None:
        self._out, self._first, self._speaks = out, done, speaks
        self._said = time.monotonic()
        self._on_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=100.0,
            initial=round(100 * done, 1),
            desc="train",
            disable=not (speaks and self._on_terminal),
            bar_format="{desc} {percentage:5.1f}% |{bar}| {postfix}",
        )

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def show(self, done: float, loss: float, images_per_second: float, seconds: float) -> None:
        """Tell where the run is; cheap enough for every step.

        Args:
            done: fraction of the run that is over.
            loss: recent mean.
            images_per_second: since this process started.
            seconds: trained since this process started; pauses do not count.
        """
        now = time.monotonic()
        if not self._speaks:
            return
        text = (
            f"loss {loss:.3f}, {images_per_second:.1f} images/s, "
            f"{self._minutes_left(done, seconds):.0f} min left"
        )
        if self._on_terminal:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(round(100 * done, 1) - self._bar.n)
        elif now - self._said > SECONDS_BETWEEN_LINES:
            self._said = now
            print(f"train {100 * done:5.1f} %, {text}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """One line for people."""
        if self._speaks:
            tqdm.write(text, file=sys.stderr)

    def record(self, line: Mapping[str, Any]) -> None:
        """Add a line to the history, and draw the history anew."""
        if not self._speaks:
            return
        text = json.dumps(line, allow_nan=False)
        self.say(text)
        with (self._out / HISTORY).open("a") as file:
            file.write(text + "\n")
        write_whole(self._out / PLOT, plot_history((self._out / HISTORY).read_text()))

    def _minutes_left(self, done: float, seconds: float) -> float:
        """By the pace since the start of this process."""
        return seconds / max(done - self._first, 1e-6) * (1 - done) / 60
