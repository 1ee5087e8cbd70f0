"""Tell whether an activity log was changed, cut or rewritten.

Examples:
  belisha log verify /var/lib/belisha/activity.db
  belisha log verify activity.jsonl --head 86400:9f86d081884c7d65...
  belisha log verify activity.db --anchor /media/usb/activity.head

Each entry's digest covers the one before it, so a change anywhere breaks the chain from there on.
Who can write the log can also compute a new chain: only a head that was kept elsewhere (the page
shows it, this command prints it, the service writes it to its anchor) tells a rewritten log, or one
whose end is missing. The exit code is 1 if anything speaks against the log.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.cli.log.reading import add_log_argument, followed
from belisha.documents import read_bounded
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED
from belisha.service.activity_entries import Head
from belisha.service.activity_reader import Verifier
from belisha.service.activity_report import chain_sentence

MAX_ANCHOR_BYTES = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_log_argument(parser)
    parser.add_argument(
        "--head", action="append", default=[], metavar="SEQ:DIGEST", help="kept elsewhere; repeat"
    )
    parser.add_argument(
        "--anchor", type=Path, metavar="FILE", help="file to which the service wrote its head"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Follow the chain, print the verdict."""
    texts = list(arguments.head)
    if arguments.anchor:
        texts.append(read_bounded(arguments.anchor, MAX_ANCHOR_BYTES).decode(errors="replace"))
    verifier = Verifier([Head.parse(text) for text in texts], str(arguments.log))
    for _ in followed(arguments.log, verifier):
        pass
    found = verifier.result()
    print(chain_sentence(found))
    for line in (*found.problems[1:], *found.doubts):
        print(f"  {line}")
    print(f"head {found.head}")
    document = {**dataclasses.asdict(found), "head": str(found.head), "whole": found.whole}
    return Outcome(document, EXIT_OK if found.whole else EXIT_SOME_FAILED)
