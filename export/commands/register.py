"""Take a bundle into the registry, as a challenger for instance.

Examples:
  python -m export register small.bundle
  python -m export register small.bundle --alias challenger
  python -m export register small.bundle --alias night-trial --who Ada --reason 'more night data'

The bundle is copied under its digest. Only 'python -m export promote' makes a champion.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome
from export.commands.registry_options import add_registry_option, open_registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="file")
    parser.add_argument("--alias", default="", metavar="NAME", help="to call it by")
    parser.add_argument("--who", default="", metavar="NAME", help="who brings it")
    parser.add_argument("--reason", default="", metavar="TEXT", help="and why")
    add_registry_option(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Copy, note, say so."""
    registry = open_registry(arguments)
    bundle = registry.register(arguments.bundle, arguments.alias, arguments.who, arguments.reason)
    called = f", called {arguments.alias}" if arguments.alias else ""
    print(f"registered     {bundle.manifest.name} {bundle.digest[:12]}{called}")
    return Outcome({"digest": bundle.digest, "path": str(bundle.path), "alias": arguments.alias})
