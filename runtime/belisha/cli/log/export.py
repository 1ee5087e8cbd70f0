"""Write the entries of an activity log as JSON lines, or its seconds as CSV.

Examples:
  belisha log export /var/lib/belisha/activity.db --out activity.jsonl
  belisha log export activity.db --out monday.csv --since 2026-11-23 --until 2026-11-24
  belisha log export activity.db --out alarms.jsonl --events

An export of everything keeps the chain: `belisha log verify` and `stats` read it like the log. The
log may be in use meanwhile. CSV holds the seconds alone, a row each, for a spreadsheet.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from belisha.cli.dispatch import Outcome
from belisha.cli.log.reading import (
    add_log_argument,
    add_span_options,
    followed,
    refuse_overwriting,
    within,
)
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, SourceError, UsageError
from belisha.service.activity_entries import Content, Event, Row, Second, Stamp
from belisha.service.activity_reader import Verifier, exported
from belisha.service.activity_report import chain_sentence

_FIELDS = [
    one.name for one in dataclasses.fields(Second) if one.name not in ("latency_ms", "stages_ms")
]
Line = Callable[[Row, Content, Stamp], str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_log_argument(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="ends in .jsonl or .csv"
    )
    add_span_options(parser)
    parser.add_argument("--events", action="store_true", help="events alone, no seconds")


def run(arguments: argparse.Namespace) -> Outcome:
    """Copy what was asked for; the file appears whole or not at all."""
    refuse_overwriting(arguments.log, arguments.out)
    lines = {".jsonl": _json_line, ".csv": _csv_line}
    line = lines.get(arguments.out.suffix.lower())
    if line is None:
        raise UsageError(f"expected --out to end in .jsonl or .csv, got {arguments.out}")
    if line is _csv_line and arguments.events:
        raise UsageError("events do not fit into the columns of a CSV: use .jsonl")
    verifier = Verifier(name=str(arguments.log))
    try:
        written = _write(arguments, verifier, line)
    except OSError as error:
        raise SourceError(f"{arguments.out}: cannot be written: {error.strerror}") from error
    found = verifier.result()
    print(f"written: {written} entries to {arguments.out}")
    print(chain_sentence(found))
    code = EXIT_OK if found.whole else EXIT_SOME_FAILED
    return Outcome({"entries": written, "whole": found.whole, "head": str(found.head)}, code)


def _write(arguments: argparse.Namespace, verifier: Verifier, line: Line) -> int:
    out: Path = arguments.out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=out.parent, prefix=f".{out.name}.", newline="", delete=False
    ) as file:
        try:
            written = _copy(arguments, verifier, line, file)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(out)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return written


def _copy(arguments: argparse.Namespace, verifier: Verifier, line: Line, file: IO[str]) -> int:
    written = 0
    if line is _csv_line:
        file.write(_csv(["utc", "up_s", *_FIELDS]))
    for row, content, stamp in followed(arguments.log, verifier):
        wanted = isinstance(content, Event) or not arguments.events
        if wanted and within(stamp, arguments) and (text := line(row, content, stamp)):
            file.write(text)
            written += 1
    return written


def _json_line(row: Row, content: Content, stamp: Stamp) -> str:
    return exported(row) + "\n"


def _csv_line(row: Row, content: Content, stamp: Stamp) -> str:
    """A second; nothing for other entries."""
    if not isinstance(content, Second):
        return ""
    values = [getattr(content, name) for name in _FIELDS]
    known = ["" if isinstance(one, float) and math.isnan(one) else one for one in values]
    return _csv([stamp.utc.isoformat(timespec="milliseconds"), stamp.up_s, *known])


def _csv(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
