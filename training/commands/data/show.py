"""Show what a version holds: sources, splits, conditions, and how it was taken in.

Examples:
  python -m training data show
  python -m training data show --store runs/store --version v1 --json
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from typing import Any

from belisha.cli.dispatch import Outcome
from belisha.documents import parse_json
from training.commands.data.ingest import describe
from training.commands.data.store_option import add_version_options
from training.data.ingest import Intake
from training.data.store import Store
from training.data.version import Version

SHOWN = 12
"""Values of a condition that are shown; the rest is counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Tables of counts."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        counts = _counts(version)
    description = version.description
    print(
        f"version {description.name} of {description.created}: {description.reason or 'no reason'}"
    )
    print(f"  {description.images} images, {description.people} people")
    print(f"  fingerprint {description.fingerprint}")
    for key, values in counts.items():
        rows = [f"{value or 'unknown'} {number}" for value, number in values.most_common(SHOWN)]
        rest = f", and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        print(f"  {key}: {', '.join(rows)}{rest}")
    text = description.report.encode()
    intakes = [] if text == b"{}" else parse_json(text, list[Intake], f"report of {version.name}")
    for intake in intakes:
        print("\n".join(describe(intake)))
    document: dict[str, Any] = {
        **asdict(description),
        "report": [asdict(intake) for intake in intakes],
        "counts": counts,
    }
    return Outcome(document)


def _counts(version: Version) -> dict[str, Counter[str]]:
    """Images by value of each attribute and condition; an unknown value is the empty text."""
    splits = version.splits()
    counts: dict[str, Counter[str]] = {}
    total = 0
    for record in version.records():
        total += 1
        split = splits.get(record.sha256, "")
        known = {"source": record.source, "split": split, **record.conditions}
        if record.annotators:
            known["waits for a consensus of"] = ", ".join(record.annotators)
        for key, value in known.items():
            counts.setdefault(key, Counter())[value] += 1
    for values in counts.values():
        if values.total() < total:
            values[""] += total - values.total()
    return counts
