"""Break what may break in a car, and see how the service takes it: the fault table.

Examples:
  python -m benchmarks faults
  python -m benchmarks faults --json

The real service runs at 30 frames a second on the shipped drive, with a camera and an engine that
fail on cue, a disk without room, a log that is overwritten, a clock that is set, and a reader that
hangs. For each: how long until the service said so, what was lost, how long after its end until all
was as before. Takes two minutes; exit code 1 if something was not seen or not recovered from.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from belisha.bench.frame_source import frames_at_hand
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED
from benchmarks.service.faults import FaultRow, Rehearsal

MAX_PICTURES = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "source", nargs="*", help="what the camera shows (default: the shipped clip)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Play every fault, print its row."""
    pictures, origin = frames_at_hand(arguments.source)
    print(f"{origin}; times in seconds, decisions lost at 30 a second")
    print(f"  {'fault':24} {'seen in':>8} {'lost':>6} {'recovered in':>13}  also lost")
    with tempfile.TemporaryDirectory() as folder:
        rows = Rehearsal(Path(folder), pictures[:MAX_PICTURES]).run(_print)
    good = all(row.seen_s is not None and row.recovered_s is not None for row in rows)
    document = {"faults": [asdict(row) for row in rows]}
    return Outcome(document, EXIT_OK if good else EXIT_SOME_FAILED)


def _print(row: FaultRow) -> None:
    seen = "never" if row.seen_s is None else f"{row.seen_s:.2f}"
    recovered = "never" if row.recovered_s is None else f"{row.recovered_s:.2f}"
    print(f"  {row.name:24} {seen:>8} {row.lost:>6} {recovered:>13}  {row.lost_else}", flush=True)
