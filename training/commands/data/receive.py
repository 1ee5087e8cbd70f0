"""Take shards into a store, as the version that they were written from.

Examples:
  python -m training data receive shards --store runs/store
  python -m training data receive shards --version v1-moved --json

Every image is compared with its digest. The split comes along. Interrupted or killed, the same
command starts again; until its end there is no new version.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from belisha.cli.dispatch import Outcome
from training.commands.data.store_option import add_store_option
from training.data.receive import receive
from training.data.shards import Shards
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shards", type=Path, metavar="DIR", help="folder with shards.json")
    add_store_option(parser)
    parser.add_argument("--version", default="", metavar="NAME", help="(default: its old name)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Check, place, commit."""
    shards = Shards(arguments.shards)
    with Store.open(arguments.store, create=True) as store:
        version = receive(store, shards, arguments.version or shards.listing.version)
    print(f"version {version.name}: {len(version)} images, fingerprint {version.fingerprint[:12]}")
    return Outcome({**asdict(version.description), "report": None})
