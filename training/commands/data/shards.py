"""Write a version as tar shards, to be moved or read by many machines.

Examples:
  python -m training data shards --out shards
  python -m training data shards --version v1 --split train --megabytes 64 --out shards --json

Each shard is a tar in webdataset's naming (KEY.jpg, KEY.json) with an index of offsets beside it.
shards.json lists them with their digests and is written last. 'python -m training data receive'
takes them into another store. Images in the sealed split are never written.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from training.commands.data.store_option import add_version_options
from training.data.shards import write_shards
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the shards"
    )
    parser.add_argument("--split", metavar="NAME", help="only images of this split")
    parser.add_argument(
        "--megabytes", type=int, default=256, metavar="N", help="of a shard (default: 256)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Write, tell."""
    if arguments.megabytes < 1:
        raise UsageError(f"expected --megabytes of at least 1, got {arguments.megabytes}")
    try:
        with Store.open(arguments.store) as store:
            listing = write_shards(
                store.version(arguments.version),
                arguments.out,
                shard_bytes=arguments.megabytes * 1024**2,
                split=arguments.split,
            )
    except OSError as error:
        raise UsageError(f"{arguments.out}: cannot be written: {error.strerror}") from error
    total = sum(shard.bytes for shard in listing.shards)
    samples = sum(shard.samples for shard in listing.shards)
    print(
        f"written: {arguments.out}: {samples} images in {len(listing.shards)} shards, "
        f"{total / 1e6:.1f} MB"
    )
    return Outcome(asdict(listing))
