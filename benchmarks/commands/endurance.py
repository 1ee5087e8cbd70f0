"""Hours of service in minutes: does the memory grow, is a frame uncounted?

Examples:
  python -m benchmarks endurance
  python -m benchmarks endurance --hours 8 --curve endurance.jsonl --out endurance.json

The whole service runs as fast as this machine can, with its time sped up: thirty frames are a
second. Some frames come too fast, some are bad, the camera is lost now and then; the log deletes
its oldest entries, rules switch between two detectors, somebody opens the page and closes it. Of
the network's outputs nine in ten are remembered. Eight hours take most of one on an idle core;
--curve is written as it goes. The exit code is 1 if the memory grew by 1 MB or more after the first
fifth, if a frame was captured that is in no other count, or if Ctrl-C or SIGTERM came before it had
settled.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from belisha.bench.frame_source import frames_at_hand
from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, UsageError
from benchmarks.service.endurance import LIMIT_MB, Endurance, MemorySample, endure

MAX_PICTURES = 90
_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--hours", type=float, default=8.0, metavar="H", help="(default: 8)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result as JSON")
    parser.add_argument(
        "--curve", type=Path, metavar="FILE", help="append the memory, a JSON line a sample"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Run, print, write."""
    if not 0 < arguments.hours <= 1000:
        raise UsageError(f"expected --hours above 0, at most 1000, got {arguments.hours:g}")
    pictures = frames_at_hand([])[0][:MAX_PICTURES]
    with tempfile.TemporaryDirectory() as folder, tqdm(unit="frames", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        # Detached from a terminal there is no Ctrl-C: SIGTERM ends it with a result as well.
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            noted = _noted_in(arguments.curve)
            result = endure(arguments.hours, pictures, Path(folder), progress, noted)
        finally:
            signal.signal(signal.SIGTERM, before)
    _print(result)
    if arguments.out:
        write_whole(arguments.out, f"{json.dumps(asdict(result))}\n".encode())
    grown = result.growth_mb
    good = grown is not None and grown < LIMIT_MB and result.uncounted == 0
    return Outcome(asdict(result), EXIT_OK if good else EXIT_SOME_FAILED)


def _noted_in(path: Path | None) -> Callable[[MemorySample], None]:
    """Appends each sample to a file at once, so that a run that is cut off has left its curve."""

    def note(sample: MemorySample) -> None:
        if path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(asdict(sample))}\n")

    return note


def _print(result: Endurance) -> None:
    counts = result.counts
    print(
        f"{result.hours:g} of {result.wanted_hours:g} hours in {result.minutes:.1f} minutes: "
        f"{counts.captured} captured, {counts.processed} decided, {counts.dropped} dropped, "
        f"{counts.failed} bad, {result.uncounted} uncounted; the page was opened "
        f"{result.page_opened} times; the log holds entries {result.log_first} to {result.log_last}"
    )
    step = max(len(result.memory) // _SHOWN, 1)
    print(
        "memory by hour: "
        + ", ".join(f"{one.hour:.2g} h {one.resident_mb:.1f} MB" for one in result.memory[::step])
    )
    grown, watched = (
        "not known" if one is None else f"{one:.2f} MB"
        for one in (result.growth_mb, result.watched_mb)
    )
    print(
        f"grown after the first fifth: {grown} (limit {LIMIT_MB:g} MB), "
        f"with the page open: {watched}"
    )
