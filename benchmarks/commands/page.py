"""What does the service's page take from the loop, while somebody looks and while nobody does?

Examples:
  python -m benchmarks page --threads 1
  python -m benchmarks page drive.mp4 --bundle my.bundle --seconds 120 --json

The loop runs at a camera's pace, in turns without a viewer and with one in another process. The
page may take 3 % of the loop's time; the exit code is 1 if it takes more. 'whole turn' also shows
what the encoding of pictures, in a thread of its own, takes from the loop by the way.
"""

from __future__ import annotations

import argparse
import dataclasses

from belisha.bench.frame_source import frames_at_hand
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.cli.progress import Progress
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED
from benchmarks.page_cost import LIMIT, PageCost, measure_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "source", nargs="*", help="picture, video, folder or pattern (default: the shipped clip)"
    )
    add_detector_options(parser)
    parser.add_argument("--rate", type=float, default=30.0, metavar="HZ", help="(default: 30)")
    parser.add_argument(
        "--seconds", type=float, default=60.0, metavar="S", help="of each kind (default: 60)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure, print."""
    frames, origin = frames_at_hand(arguments.source)
    with open_detector(arguments) as detector, Progress(None, "frames") as progress:
        cost = measure_page(detector, frames, arguments.rate, arguments.seconds, progress.step)
    _print(cost, origin)
    code = EXIT_OK if cost.share <= LIMIT else EXIT_SOME_FAILED
    return Outcome(dataclasses.asdict(cost), code)


def _print(cost: PageCost, origin: str) -> None:
    print(f"{sum(cost.frames)} frames of {origin}, {cost.loop_ms:.2f} ms from frame to boxes")
    print(f"the page takes {cost.closed_us:.2f} us a frame while nobody looks")
    verdict = "within" if cost.share <= LIMIT else "ABOVE"
    print(
        f"and {cost.open_us:.1f} us while somebody looks: {cost.share:.2%} of the loop's time, "
        f"{verdict} the limit of {LIMIT:.0%}"
    )
    for one in cost.ratios:
        print(f"whole turn, {one.what}: {one.ratio:.3f} [{one.low:.3f}, {one.high:.3f}] times")
