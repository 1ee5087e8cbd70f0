"""One HTML page about a version: coverage, split, near-duplicates, agreement, looks, pictures.

Examples:
  python -m training data report --out data.html
  python -m training data report --version v2 --out v2.html

Everything travels inside the file. Pictures of the test split are not shown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import DatasetError, UsageError
from belisha.report import write_report
from training.commands.data.store_option import add_version_options
from training.data.agreement import agreement
from training.data.coverage import cover
from training.data.leaks import find_leaks
from training.data.look import look_at
from training.data.panel import answers_of, consensus
from training.data.seal import Seal
from training.data.split import split
from training.data.store import Store
from training.data.version_report import Findings, version_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page")


def run(arguments: argparse.Namespace) -> Outcome:
    """Look, gather, write."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        splits = version.splits()
        if not splits:
            raise DatasetError(f"version {version.name} has no split yet: run 'data split' first")
        look = look_at(store, version)
        several = [answers_of(record) for record in look.records if len(record.annotators) > 1]
        seal = Seal(store.path)
        found = Findings(
            look=look,
            splits=splits,
            # Everything is placed already, so this only counts.
            split=split(look.records, look.pairs, previous=splits),
            coverage=cover(look.records, splits, look.measurements.photometry),
            leaks=find_leaks(look.records, splits, look.pairs),
            state=seal.state(),
            entries=seal.entries(),
            agreement=agreement([consensus(one) for one in several]) if several else None,
        )
        page = version_report(found)
    try:
        write_report(arguments.out, page)
    except OSError as error:
        raise UsageError(f"{arguments.out}: cannot be written: {error.strerror}") from error
    print(f"written: {arguments.out}: {page.summary}")
    return Outcome({"report": str(arguments.out), "summary": page.summary})
