"""Compile a bundle's model for the NVIDIA GPU of this host, by the builder of the device.

Examples:
  python -m export compile runs/small.bundle
  python -m export compile runs/small.bundle --level 5 --json

Shows before a release what TensorRT makes of the file: how long the build takes, how much memory,
which convolutions are INT8 and which stay in float, and whether the golden frames give what they
should. The engine is kept in this user's cache for 'belisha run' here; it is of no use on another
kind of machine, so no bundle carries one: a device builds its own, by 'belisha engine build'.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.cli.engine.build import add_build_options
from belisha.cli.engine.build import run as build_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("path", type=Path, metavar="BUNDLE", help="with a model for TensorRT")
    parser.add_argument("--force", action="store_true", help="compile though there is an engine")
    add_build_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Compile, prove, summarise."""
    return build_engine(arguments)
