"""Show the registry: the champion, who challenges it, where each is from, and what happened.

Examples:
  python -m export registry
  python -m export registry challenger
  python -m export registry --json

With a bundle's alias or digest its lineage: data, configuration, commits, parity, evaluation. A
bundle that was forced through the parity gate is marked FORCED wherever it stands.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from belisha.cli.dispatch import Outcome
from export.commands.registry_options import add_registry_option, open_registry
from export.release.registry import Event, Registry, lineage_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", nargs="?", metavar="BUNDLE", help="alias, digest or file")
    add_registry_option(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Print all, or one bundle's lineage."""
    registry = open_registry(arguments)
    if arguments.bundle:
        bundle = registry.find(arguments.bundle)
        lineage = lineage_of(bundle)
        print(f"{bundle.manifest.name} {bundle.digest}")
        for name, value in lineage.items():
            print(f"{name:12} {value if isinstance(value, str) else json.dumps(value, indent=1)}")
        return Outcome({"digest": bundle.digest, **lineage})
    return Outcome(_overview(registry))


def _overview(registry: Registry) -> dict[str, Any]:
    """Print bundles and history."""
    state, history = registry.state(), registry.history()
    rows = []
    for digest, name in state.names.items():
        aliases = sorted(alias for alias, target in state.aliases.items() if target == digest)
        lineage = lineage_of(registry.bundle(digest))
        forced = "FORCED  " if lineage["forced"] else ""
        print(
            f"{digest[:12]}  {name:20} {', '.join(aliases) or '-':24} {forced}{lineage['parity']}"
        )
        rows.append({"digest": digest, "name": name, "aliases": aliases, **lineage})
    print("\n".join(["", *map(_line, history)] if history else ["nothing is registered"]))
    return {
        "champion": state.champion,
        "bundles": rows,
        "history": [dataclasses.asdict(event) for event in history],
    }


def _line(event: Event) -> str:
    alias = f" as {event.alias}" if event.alias else ""
    who = f", by {event.who}: {event.reason}" if event.who else ""
    return f"{event.time}  {event.kind:11} {event.name} {event.bundle[:12]}{alias}{who}"
