r"""Measure detectors side by side: same frames, taking turns, in one run.

Examples:
  python -m benchmarks peers --bundle own.bundle --peers models/
  python -m benchmarks peers --bundle own.bundle --peers models/ --source drive.mp4 \
      --data data/camvid sequence=0006R0 --data data/idd_lite 'file_name=val_*' --out report/
  python -m benchmarks peers --bundle a.bundle b.bundle --out report/
  python -m benchmarks peers --peers models/ --ultralytics auto --hog auto --out report/

Every contender gets the same frames and goes the whole way from frame to boxes; the network alone
is given beside it. A bundle takes part once in each flavour. --peers is a folder with
FastestDet.onnx, nanodet_m.onnx, picodet_s_320_coco.onnx, picodet_s_416_coco.onnx. Ultralytics'
networks get random weights, for latency only. --data gives accuracy and the plot of accuracy over
latency. Ratios are the first bundle's time over each other's, with 95 % intervals.

The exit code is 4 if the machine was not steady for one of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

import cv2

from belisha import champion
from belisha.bench.frame_source import frames_at_hand
from belisha.bench.page import write_page
from belisha.bench.result import Result, write_result
from belisha.bench.words import as_text, doubts
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_INCONCLUSIVE, EXIT_OK, UsageError
from belisha.frames import Image
from benchmarks.interleave import ROUNDS
from benchmarks.line_up import Wanted
from benchmarks.peers import measure_peers
from benchmarks.peers_page import (
    COLUMNS,
    RATIO_COLUMNS,
    accuracy_rows,
    latency_rows,
    notes,
    peers_report,
    ratio_rows,
)
from export.commands.size_option import parse_size
from training.data.coco import Dataset, read_coco

FRAMES = 700
"""Of each contender: p99 needs 662."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--bundle",
        nargs="+",
        type=Path,
        default=[champion.BUNDLE] if champion.BUNDLE.is_file() else [],
        metavar="FILE",
        help="ours; the first leads (default: the shipped champion)",
    )
    parser.add_argument("--peers", type=Path, metavar="DIR", help="the public detectors")
    parser.add_argument(
        "--ultralytics",
        metavar="PYTHON|auto",
        help="interpreter with ultralytics; auto makes an environment (default: left out)",
    )
    parser.add_argument(
        "--ultralytics-size",
        nargs="+",
        type=parse_size,
        default=[(640, 480)],
        metavar="WxH",
        help="of their inputs (default: 640x480, what their users run)",
    )
    parser.add_argument(
        "--hog",
        metavar="PYTHON|auto",
        help="interpreter with OpenCV 4; auto makes an environment (default: left out)",
    )
    parser.add_argument(
        "--int8-peers",
        action="store_true",
        help="peers once more in INT8, by ONNX Runtime's own quantisation",
    )
    parser.add_argument(
        "--data",
        nargs="+",
        action="append",
        default=[],
        metavar=("DATASET", "ATTRIBUTE=PATTERN"),
        help="data set for accuracy, and conditions on its images; may be repeated",
    )
    parser.add_argument(
        "--source", nargs="+", default=[], help="clip or pictures (default: the shipped clip)"
    )
    parser.add_argument(
        "--size", type=parse_size, default=(640, 480), metavar="WxH", help="of the frames"
    )
    parser.add_argument(
        "--frames", type=int, default=FRAMES, metavar="N", help=f"of each (default: {FRAMES})"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="(default: 1)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write peers.json and peers.html")


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure, print, write."""
    if arguments.frames < ROUNDS:
        raise UsageError(f"expected --frames of at least {ROUNDS}, got {arguments.frames}")
    frames, origin = frames_at_hand(arguments.source)
    frames = tuple(_at_size(frame, arguments.size) for frame in frames)
    datasets = [_dataset(words) for words in arguments.data]
    cv2.setNumThreads(arguments.threads)
    wanted = Wanted(
        bundles=tuple(arguments.bundle),
        peers=arguments.peers,
        ultralytics=arguments.ultralytics,
        ultralytics_sizes=tuple(arguments.ultralytics_size),
        hog=arguments.hog,
        int8_peers=arguments.int8_peers,
        threads=arguments.threads,
    )
    portion = -(-arguments.frames // ROUNDS)
    settings = {
        "frames": f"{origin}, {arguments.size[0]}x{arguments.size[1]}",
        "turns": f"{ROUNDS} rounds of {portion} frames each",
        "threads": str(arguments.threads),
    }
    result = measure_peers(wanted, frames, datasets, portion, settings)
    _print(result)
    if arguments.out:
        write_result(arguments.out / "peers.json", result)
        write_page(arguments.out / "peers.html", peers_report(result))
        print(f"written: {arguments.out / 'peers.html'}")
    unsteady = any(doubts(subject) for subject in result.subjects)
    return Outcome(result.to_document(), EXIT_INCONCLUSIVE if unsteady else EXIT_OK)


def _at_size(frame: Image, size: tuple[int, int]) -> Image:
    """A frame as a camera of that size would give it."""
    if (frame.shape[1], frame.shape[0]) == size:
        return frame
    return cast(Image, cv2.resize(frame, size, interpolation=cv2.INTER_AREA))


def _dataset(words: list[str]) -> Dataset:
    """`DATASET [ATTRIBUTE=PATTERN...]`."""
    return read_coco(Path(words[0])).select(words[1:])


def _print(result: Result) -> None:
    """What people want to know."""
    print(result.environment.summary)
    print("\nms:")
    print(as_text(COLUMNS, latency_rows(result.subjects)))
    if result.ratios:
        print()
        print(as_text(RATIO_COLUMNS, ratio_rows(result)))
    columns, rows = accuracy_rows(result.subjects)
    if rows:
        print()
        print(as_text(columns, rows))
    print()
    for line in notes(result.subjects):
        print(f"* {line}")
    for subject in result.subjects:
        for reason in doubts(subject):
            print(f"INCONCLUSIVE: {reason}")
