"""How long does the service take to end once it is told to, and where does the time go?

Examples:
  python -m benchmarks stops
  python -m benchmarks stops --count 5 --json

The whole service is started and stopped again and again: from a file that is played at its pace,
and from a real RTSP server on loopback (where GStreamer is installed). Somebody looks at the page,
a reader hangs, log and file are written. From SIGTERM to the end takes this, and what the
interpreter needs to go. The exit code is 1 if it took a second or more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from statistics import median

from belisha.bench.frame_source import frames_at_hand
from belisha.cli.dispatch import Outcome
from belisha.cli.progress import Progress
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, MissingLibraryError, UsageError
from benchmarks.service.stops import LIMIT_MS, Stops, stops_of_file, stops_of_rtsp

MAX_PICTURES = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--count", type=int, default=20, metavar="N", help="of each camera (default: 20)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Stop, print."""
    if not 0 < arguments.count <= 1000:
        raise UsageError(f"expected --count from 1 to 1000, got {arguments.count}")
    with Progress(2 * arguments.count, "stops") as progress:
        found = _measured(arguments.count, progress.step)
    for one in found:
        _print(one)
    worst = max(max(one.total_ms) for one in found)
    code = EXIT_OK if worst < LIMIT_MS else EXIT_SOME_FAILED
    return Outcome({"stops": [asdict(one) for one in found]}, code)


def _measured(count: int, on_stop: Callable[[], None]) -> list[Stops]:
    found = [stops_of_file(count, on_stop)]
    try:
        pictures = frames_at_hand([])[0][:MAX_PICTURES]
        found.append(stops_of_rtsp(pictures, count, on_stop))
    except MissingLibraryError as error:
        print(f"not measured: RTSP: {error}", file=sys.stderr)
    return found


def _print(one: Stops) -> None:
    print(
        f"{one.camera}, {len(one.total_ms)} stops: half within {median(one.total_ms):.0f} ms, "
        f"worst {max(one.total_ms):.0f} ms"
    )
    for name, (half, worst) in one.laps_ms.items():
        print(f"  {name:14} {half:7.1f} ms, worst {worst:7.1f} ms")
