"""Compare two bundles on the same labelled frames: by size and condition, paired.

Examples:
  python -m export compare champion small.bundle --data data/street
  python -m export compare old.bundle new.bundle --data runs/store --split validation
  python -m export compare champion challenger --data data/street --where light=night --json

A bundle is a file, an alias of the registry, or the beginning of a digest. Both run as this machine
runs them. What is told is the change from the first to the second, with intervals by the paired
bootstrap: what is hard for both cancels.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from belisha.report import write_report
from export.commands.registry_options import add_registry_option, open_registry
from export.release.comparison import compare_bundles
from export.release.promotion import read_promotion_rules
from export.release.tables import comparison_lines, comparison_report
from training.commands.unsealed_data import add_data_options, open_dataset
from training.evaluation.bootstrap import Resampling


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("first", metavar="A", help="file, alias or digest")
    parser.add_argument("second", metavar="B", help="file, alias or digest")
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET")
    add_data_options(parser)
    add_registry_option(parser)
    parser.add_argument("--group", metavar="ATTRIBUTE", help="draw whole groups, as 'sequence'")
    parser.add_argument("--resamples", type=int, metavar="N", help="for intervals (default: 2000)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a page")


def run(arguments: argparse.Namespace) -> Outcome:
    """Find both, compare, print."""
    registry = open_registry(arguments)
    rules = read_promotion_rules()
    count = rules.resamples if arguments.resamples is None else arguments.resamples
    if count < 1:
        raise UsageError(f"expected at least 1 resample, got {count}")
    view = dataclasses.replace(
        rules.view, resampling=Resampling(count, rules.seed, arguments.group)
    )
    first, second = registry.find(arguments.first), registry.find(arguments.second)
    dataset = open_dataset(arguments.data, arguments)
    comparison = compare_bundles(first, second, dataset, view)
    print(comparison_lines(comparison))
    if arguments.report:
        try:
            write_report(arguments.report, comparison_report(comparison))
        except OSError as error:
            raise UsageError(f"--report {arguments.report}: {error.strerror}") from error
    return Outcome(comparison.json())
