"""Add an activity log up: frames, latency, misses, people by hour, model, engine and rule.

Examples:
  belisha log stats /var/lib/belisha/activity.db
  belisha log stats activity.db --by bundle --since 2026-11-17
  belisha log stats activity.jsonl --html week.html

Nothing leaves the machine and the service need not run. The chain is verified on the way; the exit
code is 1 if it is broken. Percentiles are upper edges of the log's buckets: never better than it
was.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from belisha.bench.words import as_text
from belisha.cli.dispatch import Outcome
from belisha.cli.log.reading import (
    add_log_argument,
    add_span_options,
    followed,
    refuse_overwriting,
    within,
)
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, SourceError
from belisha.report import write_report
from belisha.service.activity_entries import Content, Stamp
from belisha.service.activity_reader import Verifier
from belisha.service.activity_report import chain_sentence, columns, log_report, rows
from belisha.service.activity_statistics import GROUPINGS, add_up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_log_argument(parser)
    add_span_options(parser)
    parser.add_argument(
        "--by", choices=GROUPINGS, default="hour", help="what the table's rows are (default: hour)"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots")


def run(arguments: argparse.Namespace) -> Outcome:
    """Add up, print, write."""
    refuse_overwriting(arguments.log, arguments.html)
    verifier = Verifier(name=str(arguments.log))
    statistics = add_up(_wanted(arguments, verifier))
    found = verifier.result()
    tallies = {**statistics.groups[arguments.by], "all": statistics.total}
    print(as_text(columns(arguments.by), rows(tallies)))
    for (level, name), count in sorted(statistics.events.items()):
        print(f"  {count} x {level}: {name}")
    print(chain_sentence(found))
    if arguments.html:
        try:
            write_report(arguments.html, log_report(arguments.log.name, statistics, found))
        except OSError as error:
            raise SourceError(f"{arguments.html}: cannot be written: {error.strerror}") from error
        print(f"written: {arguments.html}")
    document = {
        "whole": found.whole,
        "head": str(found.head),
        "by": arguments.by,
        "groups": {key: tally.document() for key, tally in tallies.items()},
        "events": {f"{level} {name}": n for (level, name), n in statistics.events.items()},
    }
    return Outcome(document, EXIT_OK if found.whole else EXIT_SOME_FAILED)


def _wanted(arguments: argparse.Namespace, verifier: Verifier) -> Iterator[tuple[Content, Stamp]]:
    for _, content, stamp in followed(arguments.log, verifier):
        if within(stamp, arguments):
            yield content, stamp
