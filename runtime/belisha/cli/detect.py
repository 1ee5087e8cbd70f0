"""Find people in pictures and videos.

Examples:
  belisha detect street.jpg --bundle my.bundle
  belisha detect drive.mp4 photos/ --bundle my.bundle --out detections.json
  belisha detect 'drive/*.jpg' --bundle my.bundle --save marked/ --threshold 0.3

The JSON is a list of {"file_name", "frame", "bbox": [x, y, width, height], "score"}, in pixels of
the source. --save writes each picture, and each video as WebM, with the boxes drawn.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.cli.options import (
    add_detector_options,
    add_source_options,
    exit_code,
    open_detector,
    run_loop,
)
from belisha.errors import SourceError
from belisha.service.loop import LoopReport
from belisha.service.sinks import Collector, DetectionRecord, FolderSink, Sink


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_source_options(parser)
    add_detector_options(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the detections as JSON")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write pictures with the boxes")


def run(arguments: argparse.Namespace) -> Outcome:
    """Detect, write what was asked for, summarise."""
    collector = Collector()

    def make_sinks(inputs: set[Path]) -> list[Sink]:
        return [collector, *([FolderSink(arguments.save, inputs)] if arguments.save else [])]

    with open_detector(arguments) as detector:
        report = run_loop(arguments, detector, make_sinks)
    if arguments.out:
        _write(arguments.out, collector.records)
    _print_summary(arguments, report, collector.records)
    document = {
        "frames": report.frames,
        "failures": list(report.failures),
        "interrupted": report.interrupted,
        "detections": collector.records,
    }
    return Outcome(document, exit_code(report))


def _write(path: Path, records: list[DetectionRecord]) -> None:
    """The list of detections, one a line."""
    lines = ",\n".join(json.dumps(record) for record in records)
    try:
        write_whole(path, f"[\n{lines}\n]\n".encode())
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror}") from error


def _print_summary(
    arguments: argparse.Namespace, report: LoopReport, records: list[DetectionRecord]
) -> None:
    """What people want to know; the detections themselves unless they went to a file."""
    if not arguments.out and not arguments.save and not arguments.json:
        for record in records:
            x, y, width, height = record["bbox"]
            place = f"{record['file_name']} frame {record['frame']}"
            print(f"{place}: {record['score']:.2f} at {x:g},{y:g} size {width:g}x{height:g}")
    print(f"{report.people} people in {report.frames} frames, {len(report.failures)} failed")
    for target in (arguments.out, arguments.save):
        if target:
            print(f"written: {target}")
