"""What the commands on a log share: the file, the time span, the progress."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from belisha.cli.progress import Progress
from belisha.errors import UsageError
from belisha.service.activity_entries import Content, Row, Stamp
from belisha.service.activity_reader import Verifier, count_rows, until_damage

BEGIN = datetime.min.replace(tzinfo=timezone.utc)
END = datetime.max.replace(tzinfo=timezone.utc)


def add_log_argument(parser: argparse.ArgumentParser) -> None:
    """`LOG`."""
    parser.add_argument(
        "log", type=Path, help="the SQLite file of a service, in use or copied; or its export"
    )


def add_span_options(parser: argparse.ArgumentParser) -> None:
    """`--since` and `--until`."""
    parser.add_argument("--since", type=moment, default=BEGIN, metavar="UTC", help="2026-11-24")
    parser.add_argument(
        "--until", type=moment, default=END, metavar="UTC", help="'2026-11-24 18:00'; not included"
    )


def moment(text: str) -> datetime:
    """A time of an option; UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-11-24 or '2026-11-24 18:00', got {text!r}"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def followed(path: Path, verifier: Verifier) -> Iterator[tuple[Row, Content, Stamp]]:
    """The entries of a log that can be read, with progress; the verifier follows all of them."""
    with Progress(count_rows(path), "entries") as progress:
        for row in until_damage(path, verifier):
            progress.step()
            found = verifier.take(row)
            if found is not None:
                yield row, *found


def within(stamp: Stamp, arguments: argparse.Namespace) -> bool:
    """Whether an entry is within `--since` and `--until`."""
    return bool(arguments.since <= stamp.utc < arguments.until)


def refuse_overwriting(log: Path, out: Path | None) -> None:
    """Never write into the log itself.

    Raises:
        UsageError: the output is the log.
    """
    if out is not None and out.resolve() == log.resolve():
        raise UsageError(f"{out} is the log itself: write to another place")
