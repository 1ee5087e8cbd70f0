"""`--store DIR` and `--version NAME`, as the commands of `data` take them."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT = Path("runs/store")


def add_store_option(parser: argparse.ArgumentParser) -> None:
    """`--store`."""
    parser.add_argument(
        "--store", type=Path, default=DEFAULT, metavar="DIR", help=f"(default: {DEFAULT})"
    )


def add_version_options(parser: argparse.ArgumentParser) -> None:
    """`--store` and `--version`."""
    add_store_option(parser)
    parser.add_argument(
        "--version", default="", metavar="NAME", help="of the data (default: the latest)"
    )


def add_where_option(parser: argparse.ArgumentParser) -> None:
    """`--where`."""
    parser.add_argument(
        "--where",
        nargs="+",
        action="extend",
        default=[],
        metavar="ATTRIBUTE=PATTERN",
        help="only images that meet all of these; != excludes, * and ? are wildcards",
    )
