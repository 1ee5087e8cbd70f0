"""Choose frames to calibrate quantisation on: training data only, every condition.

Examples:
  python -m training data calibration
  python -m training data calibration --count 200 --out calibration.txt

Sources and conditions take turns, and within them sequences, so that a rare condition is seen as
often as a frequent one. Prints, or writes with --out, the paths of the image files.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.commands.data.store_option import add_version_options
from training.data.calibration_frames import calibration_frames
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument("--count", type=int, default=96, metavar="N", help="(default: 96)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: 0)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the paths, a line each")


def run(arguments: argparse.Namespace) -> Outcome:
    """Choose, tell."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        chosen = calibration_frames(
            list(version.records()), version.splits(), arguments.count, arguments.seed
        )
        paths = [str(version.image_path(record.sha256)) for record in chosen]
    if arguments.out:
        try:
            write_whole(arguments.out, "".join(f"{path}\n" for path in paths).encode())
        except OSError as error:
            raise UsageError(f"{arguments.out}: cannot be written: {error.strerror}") from error
    else:
        print("\n".join(paths))
    sources = Counter(record.source for record in chosen)
    return Outcome({"frames": paths, "sources": dict(sources)})
