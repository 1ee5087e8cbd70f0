"""What the splits cover, what they lack, and what to collect next.

Examples:
  python -m training data coverage
  python -m training data coverage --focal-widths 0.7 --person-m 1.65
  python -m training data coverage --json

Conditions are what the source says, else what is measured of the picture, marked so: light from
its brightness, contrast, sharpness, noise. Distances come from the height of a box and an assumed
camera. Intervals are Wilson's with as many trials as there are drives. A hole is a condition and
height with fewer than 20 people in a split.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from belisha.errors import DatasetError, UsageError
from training.commands.data.store_option import add_version_options
from training.data.bands import AssumedCamera
from training.data.coverage import Coverage, Share, cover
from training.data.measurements import measure_pictures
from training.data.split import SPLITS
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    camera = AssumedCamera()
    parser.add_argument(
        "--focal-widths",
        type=float,
        default=camera.focal_widths,
        metavar="F",
        help=f"focal length of the assumed camera, picture widths (default: {camera.focal_widths})",
    )
    parser.add_argument(
        "--person-m",
        type=float,
        default=camera.person_m,
        metavar="M",
        help=f"assumed height of people (default: {camera.person_m})",
    )
    parser.add_argument("--holes", type=int, default=20, metavar="N", help="to list (default: 20)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure, count, tell."""
    if arguments.focal_widths <= 0 or arguments.person_m <= 0:
        raise UsageError("expected a camera and people of sizes above 0")
    camera = AssumedCamera(arguments.focal_widths, arguments.person_m)
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        splits = version.splits()
        if not splits:
            raise DatasetError(f"version {version.name} has no split yet: run 'data split' first")
        records = list(version.records())
        measured = measure_pictures(records, version.image_path, store.path)
    found = cover(records, splits, measured.photometry, camera)
    print(describe(found, arguments.holes))
    document = {
        "images": found.images,
        "people": found.people,
        "groups": found.groups,
        "camera": asdict(camera),
        "rows": [asdict(row) for row in found.rows],
        "holes": [{**asdict(hole), "words": str(hole)} for hole in found.holes],
        "collect": found.advice,
    }
    return Outcome(document)


def describe(found: Coverage, holes: int) -> str:
    """What people read."""
    splits = [split for split in SPLITS if split in found.images]
    width = max(len(row.name) for row in found.rows)
    lines = [" " * (width + 9) + "".join(f"{split:>25}" for split in splits)]
    for row in found.rows:
        cells = "".join(f"{cell(row.shares[split]):>25}" for split in splits)
        lines.append(f"{row.kind:8} {row.name:{width}}{cells}")
    lines += ["", f"distances: assumed {found.camera}", "", f"{len(found.holes)} holes:"]
    lines += [f"  {hole}" for hole in found.holes[:holes]]
    lines += ["collect next:", *(f"  {words}" for words in found.advice[: max(holes // 2, 1)])]
    return "\n".join(lines)


def cell(share: Share) -> str:
    """`412  9.1 % [5.2, 15]`."""
    return f"{share.count} {100 * share.value:.1f}% [{100 * share.low:.0f}, {100 * share.high:.0f}]"
