"""Compare two results: faster, slower, or the same within what runs differ by.

Examples:
  python -m benchmarks compare before.json after.json
  python -m benchmarks compare orin.json desktop.json --json

Detectors are paired by name and flavour; a file with one detector each is paired whatever their
names. A ratio is the second file's time over the first's: below 1 the second is faster. Its 95 %
interval comes from drawing blocks of the measurement again; a difference below 2 % is called none,
because two runs of the same thing differ by that much.

The exit code is 4 if a machine was not steady.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from belisha.bench.environment import Environment
from belisha.bench.result import Result, Subject, read_result
from belisha.bench.words import as_text, doubts, environment_facts
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_INCONCLUSIVE, EXIT_OK, UsageError
from benchmarks.interleave import ratios_of
from benchmarks.peers_page import RATIO_COLUMNS, ratio_rows

_BOUND_TO_DIFFER = frozenset({"measured", "clock", "temperature", "load before"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("first", type=Path, metavar="A.json", help="of bench or peers")
    parser.add_argument("second", type=Path, metavar="B.json", help="likewise")


def run(arguments: argparse.Namespace) -> Outcome:
    """Read, pair, print."""
    first, second = read_result(arguments.first), read_result(arguments.second)
    pairs = pair(first, second)
    ratios = [ratio for one, other in pairs for ratio in ratios_of(other, one, paired=False)]
    names = f"{arguments.second.name} / {arguments.first.name}"
    rows = ratio_rows(dataclasses.replace(second, ratios=tuple(ratios)))
    print(as_text((f"{names}, {RATIO_COLUMNS[0]}", *RATIO_COLUMNS[1:]), rows))
    differing = differences(first.environment, second.environment)
    for line in differing:
        print(f"not the same: {line}")
    reasons = [reason for one in pairs for subject in one for reason in doubts(subject)]
    for reason in reasons:
        print(f"INCONCLUSIVE: {reason}")
    document = {
        "ratios": [dataclasses.asdict(ratio) for ratio in ratios],
        "differences": differing,
        "doubts": reasons,
    }
    return Outcome(document, EXIT_INCONCLUSIVE if reasons else EXIT_OK)


def pair(first: Result, second: Result) -> list[tuple[Subject, Subject]]:
    """Subjects of both that belong together.

    Raises:
        UsageError: there are none.
    """
    mine = [subject for subject in first.subjects if subject.closed]
    theirs = [subject for subject in second.subjects if subject.closed]
    if len(mine) == len(theirs) == 1:
        return [(mine[0], theirs[0])]
    by_label = {subject.label: subject for subject in theirs}
    pairs = [(one, by_label[one.label]) for one in mine if one.label in by_label]
    if not pairs:
        raise UsageError(
            f"expected detectors that both files have, got {[one.label for one in mine]} and "
            f"{[*by_label]}: measure them with the same names"
        )
    return pairs


def differences(first: Environment, second: Environment) -> list[str]:
    """What the two machines do not have in common."""
    before, after = environment_facts(first), environment_facts(second)
    return [
        f"{key}: {before.get(key, '-')} against {after.get(key, '-')}"
        for key in {**before, **after}
        if key not in _BOUND_TO_DIFFER and before.get(key) != after.get(key)
    ]
