"""Count the images of a version that meet conditions, or list them.

Examples:
  python -m training data query --where light=night
  python -m training data query --version v1 --where split=validation 'place!=india' --list
  python -m training data query --where 'sequence=0006*' --json

Conditions: file_name, source, sequence, time, licence, split, sha256, and whatever is known of the
scene (see 'python -m training data show'). An unknown value is the empty text: light= finds those.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from training.commands.data.store_option import add_version_options, add_where_option
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    add_where_option(parser)
    parser.add_argument("--list", action="store_true", help="also name each image and its file")


def run(arguments: argparse.Namespace) -> Outcome:
    """Ask the manifest."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        counts = version.count(arguments.where)
        listed = []
        if arguments.list:
            for record in version.records(arguments.where):
                path = str(version.image_path(record.sha256))
                listed.append({"source": record.source, "name": record.name, "path": path})
                print(f"{record.source}/{record.name}  {path}")
    print(f"version {version.name}: {counts.images} images, {counts.people} people")
    document = {"version": version.name, **asdict(counts)}
    return Outcome({**document, "listed": listed} if arguments.list else document)
