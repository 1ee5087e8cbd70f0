"""Run the service in full at 30 frames a second: age at the decision, misses, drops, overhead.

Examples:
  python -m benchmarks service --threads 1
  python -m benchmarks service --seconds 120 --deadline-ms 100 --json

From a file that is played at its pace, and from a real RTSP server on loopback (where GStreamer is
installed), with tracker, distances, log and outlets as in a car. Percentiles are rounded up to the
next of the ledger's buckets (2.2 %). The server runs on the same processors.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from belisha.bench.frame_source import frames_at_hand
from belisha.cli.dispatch import Outcome
from belisha.errors import MissingLibraryError
from belisha.timing import Percentiles
from benchmarks.service.live import LiveFigures, paced_file, rtsp

MAX_PICTURES = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="(default: 60)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="(default: 1)")
    parser.add_argument(
        "--deadline-ms", type=float, default=100.0, metavar="X", help="(default: 100)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure one after the other, print."""
    seconds, threads, deadline = arguments.seconds, arguments.threads, arguments.deadline_ms
    figures = [paced_file(seconds, threads, deadline)]
    _print(figures[0])
    try:
        pictures = frames_at_hand([])[0][:MAX_PICTURES]
        figures.append(rtsp(pictures, seconds, threads, deadline))
        _print(figures[1])
    except MissingLibraryError as error:
        print(f"not measured: RTSP: {error}", file=sys.stderr)
    return Outcome({"service": [asdict(one) for one in figures]})


def _print(one: LiveFigures) -> None:
    print(
        f"{one.camera}, {one.seconds:.0f} s: {one.captured} captured, {one.processed} decided, "
        f"{one.dropped} dropped, {one.failed} bad, {one.missed} late; {one.memory_mb:.0f} MB"
    )
    print(f"  {'ms':16} {'p50':>8} {'p90':>8} {'p99':>8} {'worst':>8}")
    for name, times in (*one.stages_ms.items(), ("capture to decision", one.age_ms)):
        print(f"  {name:16} {_row(times)}")
    print(
        f"  outside the network: {one.overhead_ms:.2f} ms, medians added up, sinks included",
        flush=True,
    )


def _row(times: Percentiles) -> str:
    columns = (times.p50, times.p90, times.p99, times.worst)
    return " ".join(f"{'-':>8}" if value is None else f"{value:8.2f}" for value in columns)
