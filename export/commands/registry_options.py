"""Options that the registry's commands share, and what they open."""

from __future__ import annotations

import argparse
from pathlib import Path

from export.release.registry import Registry

DEFAULT = Path("runs/registry")


def add_registry_option(parser: argparse.ArgumentParser) -> None:
    """`--registry`."""
    parser.add_argument(
        "--registry", type=Path, default=DEFAULT, metavar="DIR", help=f"(default: {DEFAULT})"
    )


def add_answer_options(parser: argparse.ArgumentParser) -> None:
    """`--who` and `--reason`, both needed."""
    parser.add_argument("--who", required=True, metavar="NAME", help="who decides")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="and why")


def open_registry(arguments: argparse.Namespace) -> Registry:
    """The registry; its folder appears with the first bundle."""
    return Registry(arguments.registry)
