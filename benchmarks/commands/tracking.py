"""How well people keep their identities from frame to frame, beside ByteTrack.

Examples:
  python -m benchmarks tracking
  python -m benchmarks tracking --bytetrack auto --out runs/tracking
  python -m benchmarks tracking --only bends rough --bundle own.bundle
  python -m benchmarks tracking --seed 1000 --bytetrack auto

Six drives of eight seconds are rendered once (half a second a frame) and kept: calm, crowd, bends,
rough, night, stop. Each tracker gets the same boxes twice over: those of the detector, unsure ones
included, and the truth with errors drawn by chance, which tells tracking from detecting. The same
detections tell how often the distance band holds the truth.

ByteTrack is Roboflow's (package trackers, Apache-2.0), in an environment of its own that `auto`
makes (660 MB); it gets the same threshold and the same patience as ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from belisha import champion
from belisha.bench.page import write_page
from belisha.bench.words import as_text
from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.detector import Detector
from belisha.engines import REFERENCE
from belisha.errors import UsageError
from belisha.service.tracks import TrackerSettings
from benchmarks.own_environment import check_python, python_of
from benchmarks.tracking.comparison import (
    COLUMNS,
    DISTANCE_COLUMNS,
    Comparison,
    compare,
    distance_rows,
    report_of,
    table_rows,
)
from benchmarks.tracking.distance_check import check_distances
from benchmarks.tracking.drives import PLANS, drive
from benchmarks.tracking.followers import (
    ENVIRONMENT,
    PACKAGES,
    Follower,
    ForeignFollower,
    OurFollower,
)
from benchmarks.tracking.found_boxes import detected, drawn

NAMES = tuple(plan.name for plan in PLANS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="the detector (default: the shipped champion)"
    )
    parser.add_argument(
        "--drives-dir", type=Path, default=Path("runs/drives"), metavar="DIR",
        help="where drives are kept (default: runs/drives)",
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="other streets of the same kinds"
    )
    parser.add_argument(
        "--bytetrack", metavar="PYTHON", help="interpreter with trackers==2.6.1, or auto"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write tracking.html")


def run(arguments: argparse.Namespace) -> Outcome:
    """Render, detect, follow, compare."""
    chosen = [plan for plan in PLANS if not arguments.only or plan.name in arguments.only]
    folder = arguments.drives_dir / str(arguments.seed)
    drives = [drive(replace(plan, seed=plan.seed + arguments.seed), folder) for plan in chosen]
    path = arguments.bundle or champion.BUNDLE
    high, low = TrackerSettings().scores(Bundle.open(path).manifest.threshold)
    settings = TrackerSettings(high_score=high, low_score=low)
    with Detector.open(path, engine=REFERENCE, threads=1, threshold=low) as detector:
        found = [detected(one, detector) for one in drives]
    followers = _followers(settings, high, arguments.bytetrack)
    rows, absent = compare("detected", found, followers)
    more, _ = compare("drawn", [drawn(one) for one in drives], followers)
    bands = check_distances(found, high)
    comparison = Comparison((*rows, *more), absent, bands)
    _print(comparison)
    if arguments.out:
        write_page(arguments.out / "tracking.html", report_of(comparison))
        print(f"written: {arguments.out / 'tracking.html'}")
    return Outcome(asdict(comparison))


def _followers(
    settings: TrackerSettings, high: float, python: str | None
) -> list[Callable[[], Follower]]:
    def ours() -> Follower:
        return OurFollower(settings, with_frames=True)

    def without_frames() -> Follower:
        return OurFollower(settings, with_frames=False)

    def bytetrack() -> Follower:
        if python is None:
            raise UsageError("not asked for: --bytetrack auto, or --bytetrack PYTHON")
        auto = python == "auto"
        own = python_of(ENVIRONMENT, PACKAGES) if auto else check_python(Path(python))
        return ForeignFollower(
            own,
            "ByteTrack",
            {
                "track_activation_threshold": high,
                "high_conf_det_threshold": high,
                "minimum_consecutive_frames": settings.confirm_hits,
                "lost_track_buffer": round(settings.patience_s * 30),
            },
        )

    return [ours, without_frames, bytetrack]


def _print(comparison: Comparison) -> None:
    for name, why in comparison.absent.items():
        print(f"{name} takes no part: {why}")
    for kind, title in (("detected", "on the detector's boxes"), ("drawn", "on drawn boxes")):
        print(f"{title}, all drives together:")
        print(as_text(COLUMNS, table_rows(comparison.rows, kind, drives=False)))
    print("the distance band, on people who were found:")
    print(as_text(DISTANCE_COLUMNS, distance_rows(comparison.distances)))
