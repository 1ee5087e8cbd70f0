"""Run the loop: on a source, to see where the time goes, or for good, as the service in the car.

Examples:
  belisha run drive.mp4 --bundle my.bundle
  belisha run drive.mp4 --bundle my.bundle --save drive.webm --threads 1
  belisha run --config car.yaml

With --config, everything else stands in the file: camera, bundles, rules, where decisions go. The
service ends with its camera, with SIGTERM or Ctrl-C; SIGHUP makes it read the file again, without a
gap. Under systemd it says when it is ready, and feeds the watchdog with every fresh frame.

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
from belisha.errors import UsageError
from belisha.service.loop import LoopReport
from belisha.service.sinks import Sink, VideoSink
from belisha.timing import Percentiles

_NOT_WITH_CONFIG = ("source", "bundle", "engine", "threads", "threshold", "save", "show")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_source_options(parser, optional=True)
    add_detector_options(parser)
    parser.add_argument("--save", type=Path, metavar="FILE.webm", help="write a video with boxes")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="run as the service")
    parser.add_argument("--show", action="store_true", help="not there yet: use --save")


def run(arguments: argparse.Namespace) -> Outcome:
    """Run the loop, print the table."""
    if arguments.config is not None:
        _refuse_more_than_config(arguments)
        from belisha.cli.serving import serve  # the page and its kin take a while to load

        return serve(arguments.config)
    if not arguments.source:
        raise UsageError("expected a source, such as drive.mp4, or --config car.yaml")
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


def _refuse_more_than_config(arguments: argparse.Namespace) -> None:
    """The service is told by its file alone."""
    given = [name for name, value in vars(arguments).items() if value and name in _NOT_WITH_CONFIG]
    if given:
        raise UsageError(f"expected --config alone, got {', '.join(given)} as well: write it there")


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
