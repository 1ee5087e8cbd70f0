"""Run the loop on a source and say where the time goes.

Examples:
  belisha run drive.mp4 --bundle my.bundle
  belisha run drive.mp4 --bundle my.bundle --save drive.webm --threads 1

The table gives, for each stage, the milliseconds that half, nine in ten and 99 in 100 frames
needed at most. A percentile that too few frames support is left out. The first frame pays for
first allocations and is listed apart.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.cli.options import (
    add_detector_options,
    add_source_options,
    exit_code,
    open_detector,
    run_loop,
)
from belisha.detector import DetectorInfo
from belisha.service.loop import LoopReport
from belisha.service.sinks import Sink, VideoSink
from belisha.timing import Percentiles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_source_options(parser)
    add_detector_options(parser)
    parser.add_argument("--save", type=Path, metavar="FILE.webm", help="write a video with boxes")
    parser.add_argument("--show", action="store_true", help="not there yet: use --save")


def run(arguments: argparse.Namespace) -> Outcome:
    """Run the loop, print the table."""
    if arguments.show:
        print(
            "--show: there is no live view yet (OpenCV's headless build has no window); "
            "use --save out.webm and open it in a browser",
            file=sys.stderr,
        )

    def make_sinks(inputs: set[Path]) -> list[Sink]:
        return [VideoSink(arguments.save, inputs)] if arguments.save else []

    with open_detector(arguments, may_build=True) as detector:
        report = run_loop(arguments, detector, make_sinks)
        info = detector.info
    _print_report(report, info)
    if arguments.save and report.frames:
        print(f"written: {arguments.save}")
    document = {**dataclasses.asdict(report), "detector": dataclasses.asdict(info)}
    return Outcome(document, exit_code(report))


def _print_report(report: LoopReport, info: DetectorInfo) -> None:
    """Counts, engine, and the table of stages."""
    engine = info.engine
    print(f"{report.people} people in {report.frames} frames, {len(report.failures)} failed")
    print(
        f"{info.name} ({engine.flavour}) on {engine.library}, {engine.device}, "
        f"{engine.threads} threads"
    )
    if report.first_ms is None:
        return
    print(f"first frame {report.first_ms:.1f} ms")
    if not report.stages_ms["total"].count:
        return
    print("the others, in ms (total: camera to decision; sinks come after it):")
    print(f"  {'stage':8} {'p50':>8} {'p90':>8} {'p99':>8} {'worst':>8}")
    for stage, times in report.stages_ms.items():
        print(f"  {stage:8} {_row(times)}")


def _row(times: Percentiles) -> str:
    columns = (times.p50, times.p90, times.p99, times.worst)
    return " ".join(f"{'-':>8}" if value is None else f"{value:8.2f}" for value in columns)
