"""Show what Belisha does: the shipped detector on a shipped drive whose truth is known.

Examples:
  belisha demo
  belisha demo --out /tmp/demo --threads 1
  belisha demo --bundle my.bundle

Writes into --out: demo.webm, the drive with boxes; contact-sheet.png, some of its frames; and
report.html, one file with the video, who was found and missed by distance and condition, and where
the time went. The drive is rendered: it shows that all works, not how good the detector is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2

from belisha.bundle import write_whole
from belisha.champion import CLIP, TRUTH
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, exit_code, open_detector, run_loop
from belisha.demo.film import Film
from belisha.demo.page import NEXT_STEPS, make_report, summary
from belisha.demo.score import FrameScore, false_alarms_per_frame, tally
from belisha.demo.truth import read_truth
from belisha.detector import DetectorInfo
from belisha.errors import SourceError
from belisha.report import Report, write_report
from belisha.service.loop import LoopReport
from belisha.service.sinks import Sink, VideoSink

VIDEO, SHEET, PAGE = "demo.webm", "contact-sheet.png", "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="where to (default: demo/)"
    )
    add_detector_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Run the drive, write what people look at, say what to try next."""
    arguments.source = [str(CLIP)]
    truth = read_truth(TRUTH)
    film = Film(truth, VideoSink(arguments.out / VIDEO))

    def make_sinks(_: set[Path]) -> list[Sink]:
        return [film]

    with open_detector(arguments) as detector:
        loop = run_loop(arguments, detector, make_sinks)
        info = detector.info
    if not film.scores:
        raise SourceError(f"{CLIP}: expected a drive, got no frame: install Belisha again")
    _write(
        arguments.out,
        film,
        lambda video, sheet: make_report(loop, info, truth, film.scores, video, sheet),
    )
    _print_summary(arguments.out, loop, film.scores)
    return Outcome(_document(arguments.out, loop, info, film.scores), exit_code(loop))


def _write(out: Path, film: Film, make_page: Callable[[bytes, bytes], Report]) -> None:
    """Sheet and page, in which the sheet is a JPEG; the film has written the video."""
    png, jpeg = (cv2.imencode(kind, film.sheet())[1].tobytes() for kind in (".png", ".jpg"))
    try:
        write_whole(out / SHEET, png)
        write_report(out / PAGE, make_page((out / VIDEO).read_bytes(), jpeg))
    except OSError as error:
        raise SourceError(f"{out}: cannot be written: {error.strerror}") from error


def _print_summary(out: Path, loop: LoopReport, scores: list[FrameScore]) -> None:
    print(summary(loop, scores))
    for name in (VIDEO, SHEET, PAGE):
        print(f"written: {out / name}")
    print("\nNext:")
    for purpose, command in NEXT_STEPS:
        print(f"  {purpose + ':':34}{command}")


def _document(
    out: Path, loop: LoopReport, info: DetectorInfo, scores: list[FrameScore]
) -> dict[str, object]:
    everybody = tally(scores)
    return {
        **asdict(loop),
        "people_asked": everybody.asked,
        "people_found": everybody.found,
        "false_alarms_per_frame": false_alarms_per_frame(scores),
        "report": str(out / PAGE),
        "detector": asdict(info),
    }
