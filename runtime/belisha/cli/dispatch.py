"""One way to run a command, for `belisha` and for the factory's `python -m ...` alike.

A command is a module with `add_arguments(parser)` and `run(arguments) -> Outcome`. It is imported
only when it is called, so `--help` costs no library. What people read goes to stderr or stdout as
the command likes; with `--json` the last line on stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from belisha.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, BelishaError

EXIT_CODES = """\
exit codes:
  0  all went well
  1  some inputs failed, the rest was done
  2  wrong usage
  3  the bundle was refused, or no engine can run it
  130  interrupted; what was done until then is kept
"""


@dataclass(frozen=True)
class Command:
    """Where a command lives, and what it does in half a line."""

    module: str
    summary: str


@dataclass(frozen=True)
class Group:
    """Commands under one name: a table of their own, and what they do together in half a line."""

    commands: Mapping[str, Command]
    summary: str


@dataclass(frozen=True)
class Outcome:
    """How a command ended: the exit code, and the document that `--json` prints."""

    document: Any
    exit_code: int = EXIT_OK


def dispatch(
    program: str,
    description: str,
    commands: Mapping[str, Command | Group],
    arguments: Sequence[str],
    version: str | None = None,
) -> int:
    """Run the command that the arguments name; errors become messages and exit codes."""
    if version and list(arguments) == ["--version"]:
        print(program, version)
        return EXIT_OK
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview(program, description, commands))
        return EXIT_OK if arguments else EXIT_USAGE
    name, *rest = arguments
    if name not in commands:
        print(f"{program}: no command {name!r}; known: {', '.join(commands)}", file=sys.stderr)
        return EXIT_USAGE
    command = commands[name]
    if isinstance(command, Group):
        return dispatch(f"{program} {name}", f"{command.summary}.", command.commands, rest)
    return _run(f"{program} {name}", command, rest)


def _overview(program: str, description: str, commands: Mapping[str, Command | Group]) -> str:
    """What `--help` prints."""
    width = max(map(len, commands))
    rows = "\n".join(f"  {name:{width}}  {command.summary}" for name, command in commands.items())
    return (
        f"usage: {program} COMMAND [OPTIONS]\n\n{description}\n\ncommands:\n{rows}\n\n"
        f"'{program} COMMAND --help' shows examples.\n\n{EXIT_CODES}"
    )


def _run(program: str, command: Command, rest: Sequence[str]) -> int:
    """Import, parse, run."""
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as error:
        return _fail(program, _missing(error), EXIT_USAGE, "--json" in rest)
    parser = argparse.ArgumentParser(
        prog=program,
        description=module.__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document as last line")
    module.add_arguments(parser)
    parsed = parser.parse_args(rest)
    try:
        outcome: Outcome = module.run(parsed)
    except BelishaError as error:
        return _fail(program, str(error), error.exit_code, parsed.json)
    except KeyboardInterrupt:
        return _fail(program, "interrupted", EXIT_INTERRUPTED, parsed.json)
    except BrokenPipeError:
        # The reader of our stdout has gone; say nothing more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    if parsed.json:
        print(json.dumps(outcome.document, allow_nan=False), flush=True)
    return outcome.exit_code


def _missing(error: ModuleNotFoundError) -> str:
    """What to do about a library that is not installed; a module of ours is a bug."""
    library = (error.name or "").partition(".")[0]
    if not library or library in ("belisha", "training", "export", "benchmarks"):
        raise error
    return f"{library} is not installed: in the checkout, run 'make setup', or pip install it"


def _fail(program: str, message: str, exit_code: int, as_json: bool) -> int:
    """Say what went wrong, for people and for programs."""
    print(f"{program}: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": message, "exit_code": exit_code}), flush=True)
    return exit_code
