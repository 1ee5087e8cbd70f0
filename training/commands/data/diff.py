"""Show what changed between two versions.

Examples:
  python -m training data diff v1 v2
  python -m training data diff v1 v2 --store runs/store --json
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from belisha.cli.dispatch import Outcome
from training.commands.data.store_option import add_store_option
from training.data.difference import Difference, Key, difference
from training.data.store import Store

SHOWN = 5
"""Images that are named of each kind; --json names all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("old", metavar="OLD", help="name of a version")
    parser.add_argument("new", metavar="NEW", help="name of another")
    add_store_option(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Compare and tell."""
    with Store.open(arguments.store) as store:
        old, new = (store.version(name) for name in (arguments.old, arguments.new))
        found = difference(old, new)
    print(_text(found))
    document = {
        "added": ["/".join(key) for key in found.added],
        "removed": ["/".join(key) for key in found.removed],
        "changed": {"/".join(key): what for key, what in found.changed.items()},
        "moved": [{"from": a, "to": b, "images": n} for (a, b), n in found.moved.items()],
    }
    return Outcome(document)


def _text(found: Difference) -> str:
    """Counts, and the first names of each kind."""
    kinds = Counter(what for changes in found.changed.values() for what in changes)
    detail = ", ".join(f"{what} {count}" for what, count in kinds.most_common())
    lines = [
        f"added    {len(found.added):7}  {_names(found.added)}",
        f"removed  {len(found.removed):7}  {_names(found.removed)}",
        f"changed  {len(found.changed):7}  {_names(list(found.changed))}",
        *([f"         of these: {detail}"] if detail else []),
        *(f"moved    {number:7}  from {a} to {b}" for (a, b), number in found.moved.items()),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _names(keys: Sequence[Key]) -> str:
    names = ", ".join("/".join(key) for key in keys[:SHOWN])
    return names + (", ..." if len(keys) > SHOWN else "")
