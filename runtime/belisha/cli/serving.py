"""`belisha run --config`: the process around the service."""

from __future__ import annotations

import atexit
import dataclasses
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK
from belisha.service.assembly import Service
from belisha.service.outlets.lines import LineOutlet, StreamTarget
from belisha.service.systemd import Systemd
from belisha.service.telling import Level

_JOURNAL_LEVELS = {"info": 6, "warning": 4, "alarm": 2}


def serve(config: Path) -> Outcome:
    """Run the service until it is told to stop."""
    spoken = Spoken(sys.stderr.fileno(), for_journal="JOURNAL_STREAM" in os.environ)
    try:
        return _serve(config, spoken)
    finally:
        spoken.close()


def _serve(config: Path, spoken: Spoken) -> Outcome:
    systemd = Systemd()
    service = Service(config, spoken, systemd)

    def stop(number: int, frame: FrameType | None) -> None:
        service.stop()

    def reload(number: int, frame: FrameType | None) -> None:
        service.reload()

    before = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGTERM, stop),
            (signal.SIGINT, stop),
            (signal.SIGHUP, reload),
        )
    }
    try:
        report = service.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        systemd.close()
    if service.hangs:
        # A thread inside a driver cannot be ended, and tears down the interpreter in its own way.
        atexit.register(os._exit, EXIT_OK)
    return Outcome({**dataclasses.asdict(report), "ending_ms": service.ending_ms})


class Spoken:
    """Says everything as lines for people; see `Say`. A reader that hangs or has gone costs lines.

    Args:
        descriptor: of an open file, such as stderr.
        for_journal: whether each line begins with its level as a number, which the journal reads.
    """

    def __init__(self, descriptor: int, *, for_journal: bool = False) -> None:
        self._for_journal = for_journal
        self._lines = LineOutlet("stderr", StreamTarget(descriptor), _to_nobody)

    def __call__(self, name: str, text: str, level: Level = "info") -> None:
        """See `Say`."""
        mark = f"<{_JOURNAL_LEVELS[level]}>" if self._for_journal else ""
        word = "" if level == "info" else f"{level}: "
        # One line each: what comes after a line break would lose its level.
        told = " ".join(f"{name}: {word}{text}".split())
        self._lines.send(f"{mark}{told}\n".encode(errors="backslashreplace"))

    def close(self) -> None:
        """Say what is left, if that goes quickly."""
        self._lines.close()


def _to_nobody(name: str, text: str, level: Level = "info") -> None:
    """That nobody listens can be told to nobody."""
