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
from belisha.service.systemd import Systemd
from belisha.service.telling import Level

_JOURNAL_LEVELS = {"info": 6, "warning": 4, "alarm": 2}


def serve(config: Path) -> Outcome:
    """Run the service until it is told to stop."""
    systemd = Systemd()
    service = Service(config, _say_on_stderr, systemd)

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


def _say_on_stderr(name: str, text: str, level: Level = "info") -> None:
    """A line for people; the journal knows its level by the number in front."""
    mark = f"<{_JOURNAL_LEVELS[level]}>" if "JOURNAL_STREAM" in os.environ else ""
    word = "" if level == "info" else f"{level}: "
    print(f"{mark}{name}: {word}{text}", file=sys.stderr, flush=True)
