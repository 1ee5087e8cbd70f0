"""Who has looked at the test split, why, and what came of it.

Examples:
  python -m training data seal
  python -m training data seal --head 3f5c...e1
  python -m training data seal --json

The whole chain is verified: a line that was changed, dropped, inserted or cut off is an error.
--head compares with the digest that an evaluation printed: it must still be in the log.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from belisha.errors import DatasetError
from training.commands.data.store_option import add_store_option
from training.data.seal import Entry, Seal
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_store_option(parser)
    parser.add_argument("--head", metavar="DIGEST", help="of an earlier state, which must be there")


def run(arguments: argparse.Namespace) -> Outcome:
    """Verify, tell."""
    with Store.open(arguments.store) as store:
        seal = Seal(store.path)
        entries, state = seal.entries(), seal.state()
    if arguments.head and not any(
        entry.digest.startswith(arguments.head.lower()) for entry in entries
    ):
        raise DatasetError(
            f"the seal is broken: no line has the digest {arguments.head}: the log that it was "
            "printed from is not this one"
        )
    for entry in entries:
        print(_line(entry))
    print(f"{state}; {len(entries)} lines verified, head {state.head}")
    return Outcome(
        {**asdict(state), "spent": state.spent, "entries": [asdict(one) for one in entries]}
    )


def _line(entry: Entry) -> str:
    """An entry for people."""
    if entry.kind == "renewed":
        return f"{entry.time}  renewed for {entry.version} by {entry.who}: {entry.reason}"
    if entry.kind == "measured":
        figures = ", ".join(
            f"{name} {value:.3f}" for name, value in entry.figures.items() if value is not None
        )
        return f"{entry.time}      look {entry.opening} brought {figures}"
    spent = "  SPENT" if entry.opening > entry.limit else ""
    return (
        f"{entry.time}  look {entry.opening} of {entry.limit} by {entry.who}: {entry.reason} "
        f"({entry.model} {entry.model_digest[:12]}, {entry.version}, "
        f"commit {entry.commit[:12] or 'unknown'}){spent}"
    )
