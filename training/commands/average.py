"""Average the weights of several checkpoints of one network into one.

Examples:
  python -m training average runs/longer/last.pt runs/finished/last.pt --out runs/averaged/last.pt

They have to come of each other, as the parts of a recipe do: the mean of two networks that were
trained apart finds nobody. The result says that it is a mean by having no figures: measure it, on
validation data, beside what it was made of.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome
from training.average import averaged
from training.checkpoint import read_checkpoint, write_checkpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")


def run(arguments: argparse.Namespace) -> Outcome:
    """Read, average, write."""
    mean = averaged([read_checkpoint(path) for path in arguments.checkpoints])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(arguments.out, mean)
    print(f"{arguments.out}: the mean of {len(arguments.checkpoints)} checkpoints")
    return Outcome({"out": str(arguments.out), "of": [str(path) for path in arguments.checkpoints]})
