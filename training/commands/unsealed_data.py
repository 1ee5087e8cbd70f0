"""Labelled frames for whatever chooses, compares or looks closely: never the sealed split."""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.errors import UsageError
from training.commands.data.store_option import add_where_option
from training.data.coco import Dataset, read_coco
from training.data.split import TEST, VALIDATION
from training.data.store import Store


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """`--version`, `--split`, `--where`."""
    parser.add_argument("--version", default="", metavar="NAME", help="of a store")
    parser.add_argument("--split", metavar="NAME", help=f"of a store (default: {VALIDATION})")
    add_where_option(parser)


def open_dataset(path: Path, arguments: argparse.Namespace) -> Dataset:
    """Labelled frames of a folder, or of a split of a store that is not sealed.

    Raises:
        UsageError: the sealed split, or options of a store without one.
        DatasetError: the data cannot be read.
    """
    if not Store.is_store(path):
        if arguments.version or arguments.split:
            raise UsageError(f"{path}: expected a store, for only stores have versions and splits")
        return read_coco(path).select(arguments.where)
    split = arguments.split or VALIDATION
    if split == TEST:
        raise UsageError(
            f"the split {TEST} is sealed: bundles are compared on {VALIDATION}; "
            "'python -m training evaluate' opens the seal for one of them, with a name and a reason"
        )
    with Store.open(path) as store:
        return store.version(arguments.version).dataset(split, arguments.where)
