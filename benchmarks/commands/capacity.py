"""Does this box hold N frames a second, at p99 under X ms, with Y degrees to spare?

Examples:
  python -m benchmarks capacity --bundle my.bundle --fps 30 --p99-ms 33
  python -m benchmarks capacity --bundle my.bundle --fps 30 --p99-ms 33 --degrees 10 --soak 20
  python -m benchmarks capacity --bundle my.bundle --fps 60 --p99-ms 16 --no-search --json

A rate is held if no more than one frame in a thousand is dropped and the age at decision is below
the limit for 99 % of the frames, with 99 % confidence. --degrees asks for room below the nearest
limit of a temperature after that. --soak runs on at the rate and looks for throttling.

The exit code is the answer: 0 yes, 1 no, 4 it cannot be told here (the machine was not steady, or
no sensor answers).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from belisha.bench.environment import read_environment
from belisha.bench.frame_source import frames_at_hand
from belisha.bench.page import write_page
from belisha.bench.result import FORMAT, Capacity, Probe, Result, SoakWindow, Subject, write_result
from belisha.bench.sampling import warm_up
from belisha.bench.turn import Turn
from belisha.bench.words import number
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_SOME_FAILED
from benchmarks.capacity import find_capacity, prober, with_soak
from benchmarks.capacity_page import capacity_report, margins
from benchmarks.soak import soak

EXIT_CODES = {True: EXIT_OK, False: EXIT_SOME_FAILED, None: EXIT_INCONCLUSIVE}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "source", nargs="*", help="picture, video, folder or pattern (default: the shipped clip)"
    )
    add_detector_options(parser)
    parser.add_argument("--fps", type=float, default=30.0, metavar="N", help="(default: 30)")
    parser.add_argument(
        "--p99-ms",
        type=float,
        metavar="X",
        help="limit on the age at decision (default: until the next frame)",
    )
    parser.add_argument(
        "--degrees", type=float, metavar="Y", help="room below the nearest limit of a temperature"
    )
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="then run on this long")
    parser.add_argument("--no-search", action="store_true", help="do not look for the largest rate")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write capacity.json and capacity.html"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Ask, answer, write."""
    limit_ms = 1e3 / max(arguments.fps, 1e-3) if arguments.p99_ms is None else arguments.p99_ms
    frames, origin = frames_at_hand(arguments.source)
    environment = read_environment()
    with open_detector(arguments) as detector:
        turn = Turn(detector)
        warm_up(turn, frames)
        probe = prober(turn, frames, limit_ms, _tell_probe)
        capacity = find_capacity(
            probe, arguments.fps, limit_ms, arguments.degrees, search=not arguments.no_search
        )
        if arguments.soak:
            run_on = soak(
                turn, frames, arguments.fps, limit_ms, arguments.soak, on_window=_tell_window
            )
            capacity = with_soak(capacity, run_on)
        info, shape = detector.info, detector.preprocessing
    height, width = frames[0].shape[:2]
    result = Result(
        format=FORMAT,
        kind="capacity",
        environment=environment,
        settings={"frames": f"{width}x{height}: {origin}"},
        subjects=(
            Subject(
                name=info.name,
                input=f"{shape.width}x{shape.height}",
                engine=f"{info.engine.library}, {info.engine.threads} threads",
                flavour=info.engine.flavour,
                digest=info.digest,
            ),
        ),
        capacity=capacity,
    )
    for line in answer(capacity):
        print(line)
    if arguments.out:
        write_result(arguments.out / "capacity.json", result)
        write_page(arguments.out / "capacity.html", capacity_report(result, capacity))
        print(f"written: {arguments.out / 'capacity.html'}")
    return Outcome(result.to_document(), EXIT_CODES[capacity.holds])


def answer(capacity: Capacity) -> list[str]:
    """Yes, no, or why not; then margins and the largest rate."""
    word = {True: "YES", False: "NO", None: "INCONCLUSIVE"}[capacity.holds]
    question = f"{capacity.rate_hz:g} frames a second at p99 under {capacity.p99_ms:.1f} ms"
    if capacity.degrees_c is not None:
        question += f" with {capacity.degrees_c:g} degrees to spare"
    lines = [f"{word}: {question}", *(f"  {reason}" for reason in capacity.reasons)]
    return [*lines, *(f"  {name:13} {value}" for name, value in margins(capacity).items())]


def _tell_probe(probe: Probe) -> None:
    word = {True: "held", False: "not held", None: "cannot be told"}[probe.held]
    reason = f": {probe.reason}" if probe.reason else ""
    bound = number(probe.p99_ms, 1)
    print(f"{probe.rate_hz:g} Hz: p99 below {bound} ms, {word}{reason}", file=sys.stderr)


def _tell_window(window: SoakWindow) -> None:
    print(
        f"{window.at_s:6.0f} s  p50 {window.p50_ms:.2f} ms, worst {window.worst_ms:.1f} ms, "
        f"{window.dropped} dropped, clock {number(window.sensors.frequency_mhz, 0)} MHz, "
        f"{number(window.sensors.hottest_c, 1)} degrees",
        file=sys.stderr,
    )
