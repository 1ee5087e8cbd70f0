"""Measure how the cost of a manifest grows with its rows, on made-up records without images.

Examples:
  python -m training data growth
  python -m training data growth --rows 10000 100000 1000000 --json

For each size a store is filled in a temporary folder: a first version, a split of each image, two
queries by condition and split (count, and fetch of the records), one by sequence, and a second
version that adds 1,000 images. The last row gives the slope of log seconds over log rows: 1 is
proportional, 0 is constant.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.data.growth import exponent, manifest_cost

_TIMES = ("ingest", "split", "count", "fetch", "sequence", "add")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--rows",
        type=int,
        nargs="+",
        default=[10_000, 100_000, 1_000_000],
        metavar="N",
        help="sizes (default: 10000 100000 1000000)",
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for the stores meanwhile")


def run(arguments: argparse.Namespace) -> Outcome:
    """Fill, ask, print as it comes."""
    if min(arguments.rows) < 1000:
        raise UsageError(f"expected --rows from 1000 on, got {min(arguments.rows)}")
    print("seconds      " + "".join(f"{name:>10}" for name in _TIMES) + "     found         MB")
    costs = []
    for rows in sorted(arguments.rows):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            cost = manifest_cost(rows, Path(folder) / "store")
        costs.append(cost)
        times = "".join(f"{getattr(cost, name):10.4f}" for name in _TIMES)
        print(f"{rows:<13}{times}{cost.found:10}{cost.megabytes:11.1f}", flush=True)
    slopes = {name: exponent(costs, name) for name in _TIMES}
    if len(costs) > 1:
        print(f"{'slope':<13}" + "".join(f"{slope:10.2f}" for slope in slopes.values()))
    return Outcome({"costs": [asdict(cost) for cost in costs], "slopes": slopes})
