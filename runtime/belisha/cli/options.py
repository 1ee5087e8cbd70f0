"""Options that several commands share, and what they open."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from belisha.cameras.recordings import Recordings, find_recordings
from belisha.cli.progress import Progress
from belisha.detector import Detector
from belisha.engines import ORDER
from belisha.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from belisha.service.loop import Loop, LoopReport, OneDetector, Parts
from belisha.service.sinks import Sink

MakeSinks = Callable[[set[Path]], Sequence[Sink]]


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """`--bundle`, `--engine`, `--threads`."""
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="the detector to use (default: the shipped one)"
    )
    add_engine_options(parser)


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """`--engine`, `--threads`."""
    parser.add_argument(
        "--engine", metavar="NAME", help=f"{', '.join(ORDER)} (default: the first that works)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all cores)")


def add_source_options(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """`SOURCE...` and `--threshold`."""
    parser.add_argument(
        "source",
        nargs="*" if optional else "+",
        help="picture, video, folder, or quoted pattern such as 'drive/*.jpg'",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="least score to report (default: the bundle's)"
    )


def open_detector(arguments: argparse.Namespace, *, may_build: bool = False) -> Detector:
    """The detector that the options ask for; a fallback is announced on stderr.

    Args:
        arguments: with the options of `add_detector_options`.
        may_build: whether a better engine may be built meanwhile and take over; not where the
            command is short, or measures one engine.
    """
    detector = Detector.open(
        arguments.bundle,
        engine=arguments.engine,
        threads=arguments.threads,
        threshold=getattr(arguments, "threshold", None),
        may_build=may_build,
    )
    if arguments.threads:
        cv2.setNumThreads(arguments.threads)  # decoding and resizing count as well
    for name, reason in detector.info.passed_over:
        print(f"fallback: {name} could not be used: {reason}", file=sys.stderr)
    if detector.info.engine.notice:
        print(f"notice: {detector.info.engine.notice}", file=sys.stderr)
    return detector


def run_loop(
    arguments: argparse.Namespace, detector: Detector, make_sinks: MakeSinks
) -> LoopReport:
    """Run the loop over the sources, with a progress bar; failures go to stderr as they come.

    Args:
        arguments: with `source`.
        detector: stays open.
        make_sinks: resolved input paths -> sinks.
    """
    recordings = find_recordings(arguments.source)
    sinks = make_sinks({recording.path.resolve() for recording in recordings})
    camera = Recordings(recordings)
    parts = Parts(camera, OneDetector(detector), tuple(sinks))
    with Progress(camera.expected, "frames") as progress:
        report = Loop(parts, progress.step).run()
    for failure in report.failures:
        print(f"failed: {failure}", file=sys.stderr)
    if report.interrupted:
        print(f"interrupted after {report.frames} frames; their results are kept", file=sys.stderr)
    return report


def exit_code(report: LoopReport) -> int:
    """The exit code that a report deserves."""
    if report.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if report.failures else EXIT_OK
