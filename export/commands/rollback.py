"""Give the champion before the present one its place back.

Examples:
  python -m export rollback --who Ada --reason 'misses cyclists in the rain'
  python -m export rollback --who Ada --reason 'recall' --json

The former champion's bundle is verified first. What happened stays in the history.
"""

from __future__ import annotations

import argparse
import dataclasses

from belisha.cli.dispatch import Outcome
from export.commands.registry_options import (
    add_answer_options,
    add_registry_option,
    open_registry,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_answer_options(parser)
    add_registry_option(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Roll back, say so."""
    event = open_registry(arguments).roll_back(arguments.who, arguments.reason)
    print(f"champion       {event.name} {event.bundle[:12]} again, instead of {event.before[:12]}")
    return Outcome(dataclasses.asdict(event))
