"""Show that the panel's arithmetic is right, on annotators made up with known errors.

Examples:
  python -m training data panel-check
  python -m training data panel-check --images 500 --seed 3 --json

No real panel has drawn anything for this project: these annotators are simulated. One is careful,
one good, one careless, one misses small people, one draws every box shifted, one sees people
everywhere. Shown is how well each alone, a majority, and a weighed panel give the truth back, and
whether each one's error is found again.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.data.simulated_panel import ORIGIN, recover, simulate, simulated_truth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--images", type=int, default=200, metavar="N", help="(default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: 0)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Simulate, agree, compare."""
    if arguments.images < 1:
        raise UsageError(f"expected --images of at least 1, got {arguments.images}")
    truth = simulated_truth(arguments.images, arguments.seed)
    recovered, qualities = recover(truth, simulate(truth, seed=arguments.seed))
    print(f"{ORIGIN}; {arguments.images} images\n")
    print(f"{'truth given back by':28}{'F1':>8}{'recall':>8}{'precision':>11}{'mean IoU':>10}")
    for way in recovered:
        figures = f"{way.f1:8.3f}{way.recall:8.3f}{way.precision:11.3f}{way.overlap:10.3f}"
        print(f"{way.name:28}{figures}")
    print(f"\n{'errors found again':28}{'finds':>8}{'invents':>9}{'spread':>8}{'shift':>8}")
    for one in qualities:
        shift = sum(one.shift) / 4
        print(f"{one.annotator:28}{one.finds:8.2f}{one.invents:9.2f}{one.spread:8.3f}{shift:+8.3f}")
    return Outcome(
        {
            "origin": ORIGIN,
            "recovered": [asdict(way) for way in recovered],
            "annotators": [asdict(one) for one in qualities],
        }
    )
