"""Hours of service in minutes: does the memory grow, is a frame uncounted?

Examples:
  python -m benchmarks endurance
  python -m benchmarks endurance --hours 8 --out endurance.json

The whole service runs as fast as this machine can, with its time sped up: thirty frames are a
second. Some frames come too fast, some are bad, the camera is lost now and then. Only the network
is spared: its outputs are remembered. The exit code is 1 if the memory grew by 1 MB or more after
the first fifth, or if a frame was captured that is in no other count. Eight hours take most of one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from belisha.bench.frame_source import frames_at_hand
from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, UsageError
from benchmarks.service.endurance import LIMIT_MB, Endurance, endure

MAX_PICTURES = 90
_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--hours", type=float, default=8.0, metavar="H", help="(default: 8)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result as JSON")


def run(arguments: argparse.Namespace) -> Outcome:
    """Run, print, write."""
    if not 0 < arguments.hours <= 1000:
        raise UsageError(f"expected --hours above 0, at most 1000, got {arguments.hours:g}")
    pictures = frames_at_hand([])[0][:MAX_PICTURES]
    with tempfile.TemporaryDirectory() as folder, tqdm(unit="frames", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = endure(arguments.hours, pictures, Path(folder), progress)
    _print(result)
    if arguments.out:
        write_whole(arguments.out, f"{json.dumps(asdict(result))}\n".encode())
    good = result.growth_mb < LIMIT_MB and result.uncounted == 0
    return Outcome(asdict(result), EXIT_OK if good else EXIT_SOME_FAILED)


def _print(result: Endurance) -> None:
    counts = result.counts
    print(
        f"{result.hours:g} hours in {result.minutes:.1f} minutes: {counts.captured} captured, "
        f"{counts.processed} decided, {counts.dropped} dropped, {counts.failed} bad, "
        f"{result.uncounted} uncounted; {result.log_entries} entries in the log"
    )
    step = max(len(result.memory_mb) // _SHOWN, 1)
    print(
        "memory by hour: "
        + ", ".join(f"{h:.2g} h {mb:.1f} MB" for h, mb in result.memory_mb[::step])
    )
    print(f"grown by {result.growth_mb:.2f} MB after the first fifth (limit {LIMIT_MB:g})")
