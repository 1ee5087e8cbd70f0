"""Decode the pictures of a version once, at training size, so that training never waits for them.

Examples:
  python -m training data cache
  python -m training data cache --store runs/store --version v1 --threads 4 --json

Training makes a missing cache by itself; this command makes it beforehand. It may be deleted at any
time. Pictures of the sealed split are not in it.
"""

from __future__ import annotations

import argparse
import os

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.commands.data.store_option import add_version_options
from training.data.pixel_cache import cache_folder, open_cache
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: all cores)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Make it, unless it is there."""
    if arguments.threads < 1:
        raise UsageError(f"expected --threads of at least 1, got {arguments.threads}")
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        folder = cache_folder(store.path, version)
        cache = open_cache(store.path, version, arguments.threads)
    print(f"{folder}: {len(cache)} pictures, {cache.nbytes / 1e6:.0f} MB")
    return Outcome({"folder": str(folder), "pictures": len(cache), "bytes": cache.nbytes})
