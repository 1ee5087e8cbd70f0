"""Measure how many pictures a second come from files, from shards and from the cache.

Examples:
  python -m training data speed
  python -m training data speed --store runs/store --limit 500 --rounds 5 --json

One thread, warm file system, pictures at training size; the best of the rounds. Run it on an idle
machine.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

import cv2

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.commands.data.store_option import add_version_options
from training.data.reading_speed import reading_speeds
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument(
        "--limit", type=int, default=1000, metavar="N", help="pictures a round (default: 1000)"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="(default: 3)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure, print."""
    if min(arguments.limit, arguments.rounds) < 1:
        raise UsageError("expected --limit and --rounds of at least 1")
    cv2.setNumThreads(1)
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        speeds = reading_speeds(store, version, arguments.limit, arguments.rounds)
    for speed in speeds:
        print(f"{speed.way:8} {speed.images_per_second:10.0f} images/s  ({speed.images} images)")
    return Outcome([asdict(speed) for speed in speeds])
