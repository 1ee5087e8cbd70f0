"""Cross-check the timer with MLPerf's own load generator, SingleStream. Not an MLPerf result.

Examples:
  python -m benchmarks loadgen --bundle my.bundle --threads 1
  python -m benchmarks loadgen drive.mp4 --bundle my.bundle --seconds 30 --json

Measures the same detector on the same frames with `belisha.bench`, with the load generator, and
with `belisha.bench` again; both must agree within 5 % on the median and on p90, and within 15 % on
p99, or else the exit code is 4. Needs mlcommons-loadgen, which exists for x86.
"""

from __future__ import annotations

import argparse
import dataclasses

from belisha.bench.distribution import Distribution, distribution
from belisha.bench.frame_source import frames_at_hand
from belisha.bench.sampling import closed_loop, warm_up
from belisha.bench.turn import TOTAL, Turn
from belisha.bench.words import as_text, number
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.errors import EXIT_INCONCLUSIVE, EXIT_OK, UsageError
from benchmarks.loadgen import LoadgenResult, run_loadgen

TOLERANCES = {"p50": 0.05, "p90": 0.05, "p99": 0.15}
NOTE = "not an MLPerf result: their load generator, but our model, data and rules"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "source", nargs="*", help="picture, video, folder or pattern (default: the shipped clip)"
    )
    add_detector_options(parser)
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="of each part (default: 10)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure both ways, compare."""
    if not 0 < arguments.seconds <= 600:
        raise UsageError(f"expected --seconds of at most 600, got {arguments.seconds:g}")
    frames, _ = frames_at_hand(arguments.source)
    with open_detector(arguments) as detector:
        turn = Turn(detector)
        warm_up(turn, frames)
        before = closed_loop(turn, frames, arguments.seconds / 2)
        theirs = run_loadgen(turn, frames, arguments.seconds)
        after = closed_loop(turn, frames, arguments.seconds / 2)
        name = detector.info.name
    ours = distribution([*before.stages_ms[TOTAL], *after.stages_ms[TOTAL]])
    off = deviations(ours, theirs)
    print(f"{name}, ms from frame to boxes; {NOTE}")
    columns = ("", "frames", "p50", "p90", "p99", "p90 below", "p99 below")
    print(as_text(columns, [_ours_row(ours), _their_row(theirs)]))
    agree = all(abs(value) <= TOLERANCES[key] for key, value in off.items())
    words = ", ".join(f"{key} {value:+.1%}" for key, value in off.items())
    print(f"theirs against ours: {words}: {'they agree' if agree else 'they DO NOT agree'}")
    document = {
        "note": NOTE,
        "belisha": dataclasses.asdict(ours),
        "loadgen": dataclasses.asdict(theirs),
        "deviations": off,
        "agree": agree,
    }
    return Outcome(document, EXIT_OK if agree else EXIT_INCONCLUSIVE)


def deviations(ours: Distribution, theirs: LoadgenResult) -> dict[str, float]:
    """Theirs over ours, minus 1, of the percentiles that both have."""
    pairs = {
        "p50": (ours.p50, theirs.p50),
        "p90": (ours.p90, theirs.p90),
        "p99": (ours.p99, theirs.p99),
    }
    return {key: round(other / mine.value - 1, 4) for key, (mine, other) in pairs.items() if mine}


def _ours_row(ours: Distribution) -> tuple[str, ...]:
    values = [one.value if one else None for one in (ours.p50, ours.p90, ours.p99)]
    bounds = [one.bound if one else None for one in (ours.p90, ours.p99)]
    return ("belisha.bench", str(ours.count), *map(number, [*values, *bounds]))


def _their_row(theirs: LoadgenResult) -> tuple[str, ...]:
    values = [theirs.p50, theirs.p90, theirs.p99, theirs.bound_p90, theirs.bound_p99]
    return ("load generator", str(theirs.queries), *map(number, values))
