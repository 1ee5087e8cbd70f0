"""Has a network learnt its training data by heart? In words, condition by condition.

Examples:
  python -m training data diagnose --bundle small.bundle
  python -m training data diagnose --bundle small.bundle --limit 200 --json

Runs the detector on images of the training split and of the validation split, and compares AP50,
whole and for each condition and source that both have. The bundle's network must have been trained
on this version's split; nothing here can know that.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace

from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options
from belisha.errors import UsageError
from training.commands.data.store_option import add_version_options
from training.commands.evaluation_data import open_for_evaluation
from training.data.coco import Dataset
from training.data.diagnosis import diagnose
from training.data.split import TRAIN, VALIDATION
from training.data.store import Store
from training.evaluation.evaluate import LEAST_SCORE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    add_detector_options(parser)
    parser.add_argument(
        "--limit", type=int, default=600, metavar="N", help="images of each split (default: 600)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Run, compare, tell."""
    if arguments.limit < 1:
        raise UsageError(f"expected --limit of at least 1, got {arguments.limit}")
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        train, validation = (
            _spread(version.dataset(split=split), arguments.limit) for split in (TRAIN, VALIDATION)
        )
        with open_for_evaluation(arguments) as detector:
            findings = diagnose(detector, train, validation, threshold=LEAST_SCORE)
    for finding in findings:
        print(finding)
    return Outcome([{**asdict(finding), "words": str(finding)} for finding in findings])


def _spread(dataset: Dataset, limit: int) -> Dataset:
    """At most `limit` images at equal distances."""
    step = max(len(dataset) / limit, 1.0)
    chosen = [dataset.samples[int(index * step)] for index in range(int(len(dataset) / step))]
    return replace(dataset, samples=tuple(chosen))
