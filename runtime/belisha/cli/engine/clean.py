"""Delete engines that are damaged or do not fit this machine any more.

Examples:
  belisha engine clean
  belisha engine clean --all --json

An update of the system or of TensorRT leaves engines behind that nothing will load again.
"""

from __future__ import annotations

import argparse

from belisha.cli.dispatch import Outcome
from belisha.cli.engine.list import fits, this_machine, words
from belisha.engines.nvidia.cache import EngineCache, default_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--all", action="store_true", help="also those that fit")


def run(arguments: argparse.Namespace) -> Outcome:
    """Delete, one line an engine."""
    cache = EngineCache(default_folder())
    here, _ = this_machine()
    doomed = [entry for entry in cache.entries() if arguments.all or not fits(entry, here)]
    for entry in doomed:
        cache.remove(entry)
        print(f"deleted {entry.path.name}  {words(entry, here)}")
    print(f"{len(doomed)} engines deleted")
    return Outcome({"deleted": [str(entry.path) for entry in doomed]})
