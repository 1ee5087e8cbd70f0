"""Measure a detector on this machine: latency from frame to boxes, cold start, memory.

Examples:
  belisha bench --bundle my.bundle
  belisha bench drive.mp4 --bundle my.bundle --rate 30 --threads 1
  belisha bench --bundle my.bundle --out result.json --html result.html
  belisha bench --bundle my.bundle --seconds 5 --cold-starts 0 --json

Frames are fed back to back, and then at a camera's pace, where the newest frame wins: idle gaps
make a processor slower, so the second is what a user gets. Each stage is given with 95 % intervals,
and no percentile from too few frames: p99 needs 662. Without SOURCE the shipped clip is used, or
drawn frames where there is none.

If the machine was not steady even at a second try, the figures are shown, called inconclusive with
the reason, and the exit code is 4.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from belisha.bench.environment import read_environment
from belisha.bench.frame_source import frames_at_hand
from belisha.bench.measure import Plan, measure, seconds_for_p99
from belisha.bench.page import bench_report, cold_facts, write_page
from belisha.bench.result import FORMAT, Result, Subject, write_result
from belisha.bench.words import (
    STAGE_COLUMNS,
    as_text,
    distribution_cells,
    doubts,
    overhead,
    paced_sentence,
    stage_rows,
)
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.cli.progress import Progress
from belisha.errors import EXIT_INCONCLUSIVE, EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "source", nargs="*", help="picture, video, folder or pattern (default: the shipped clip)"
    )
    add_detector_options(parser)
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help="of each loop (default: as long as p99 needs at the camera's pace)",
    )
    parser.add_argument(
        "--rate", type=float, default=30.0, metavar="HZ", help="of the camera (default: 30)"
    )
    parser.add_argument(
        "--deadline-ms",
        type=float,
        metavar="MS",
        help="age at which a decision comes too late (default: until the next frame)",
    )
    parser.add_argument(
        "--cold-starts", type=int, default=5, metavar="N", help="processes (default: 5; 0: none)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots")


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure, print, write."""
    rate = max(arguments.rate, 1e-3)
    plan = Plan(
        seconds=seconds_for_p99(rate) if arguments.seconds is None else arguments.seconds,
        rate_hz=arguments.rate,
        deadline_ms=1e3 / rate if arguments.deadline_ms is None else arguments.deadline_ms,
        cold_starts=arguments.cold_starts,
    )
    frames, origin = frames_at_hand(arguments.source)
    environment = read_environment()
    with open_detector(arguments) as detector, Progress(None, "frames") as progress:
        subject = measure(detector, frames, plan, _say, progress.step)
    height, width = frames[0].shape[:2]
    result = Result(
        format=FORMAT,
        kind="bench",
        environment=environment,
        settings={
            "frames": f"{len(frames)} of {width}x{height}: {origin}",
            "each loop": f"{plan.seconds:g} s",
        },
        subjects=(subject,),
        warnings=_warnings(environment.load_1m, environment.processor.cores),
    )
    _print(result, subject)
    if arguments.out:
        write_result(arguments.out, result)
        print(f"written: {arguments.out}")
    if arguments.html:
        write_page(arguments.html, bench_report(result))
        print(f"written: {arguments.html}")
    return Outcome(result.to_document(), EXIT_INCONCLUSIVE if doubts(subject) else EXIT_OK)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _warnings(load_1m: float | None, cores: int) -> tuple[str, ...]:
    """What was wrong before it began."""
    if load_1m is None or load_1m < 0.3 * cores:
        return ()
    return (f"the machine was busy before: {load_1m:g} processes wanted its {cores} cores",)


def _print(result: Result, subject: Subject) -> None:
    """What people want to know."""
    print(f"{subject.name} ({subject.flavour}) {subject.input} on {subject.engine}")
    print(result.environment.summary)
    if subject.closed:
        share = overhead(subject.closed)
        outside = "" if share is None else f", {share:.1%} of it outside the network"
        print(f"\nback to back, ms from frame to boxes{outside}:")
        print(as_text(STAGE_COLUMNS, stage_rows(subject.closed.stages)))
    if subject.paced:
        print(f"\nat a camera's pace: {paced_sentence(subject.paced)}:")
        age = ("age", *distribution_cells(subject.paced.age))
        print(as_text(STAGE_COLUMNS, [*stage_rows(subject.paced.stages), age]))
    if subject.cold_start:
        print("\ncold start:")
        for label, value in cold_facts(subject.cold_start).items():
            print(f"  {label:15} {value}")
    print()
    for warning in result.warnings:
        print(f"warning: {warning}")
    for reason in doubts(subject):
        print(f"INCONCLUSIVE: {reason}")
