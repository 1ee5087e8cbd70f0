"""List the versions of a store.

Examples:
  python -m training data versions
  python -m training data versions --store runs/store --json
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from training.commands.data.store_option import add_store_option
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_store_option(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """A line a version."""
    with Store.open(arguments.store) as store:
        versions = [version.description for version in store.versions()]
    for version in versions:
        origin = f" from {version.parent}" if version.parent else ""
        print(
            f"{version.name}  {version.created}  {version.images} images, {version.people} people, "
            f"fingerprint {version.fingerprint[:12]}{origin}  {version.reason}".rstrip()
        )
    if not versions:
        print(
            f"{arguments.store} holds no version yet: see 'python -m training data ingest --help'"
        )
    return Outcome([{**asdict(version), "report": None} for version in versions])
