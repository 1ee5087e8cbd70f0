"""Write a version as COCO or YOLO, images beside it.

Examples:
  python -m training data export --to coco --out exported
  python -m training data export --version v1 --split train --to yolo --out yolo_train
  python -m training data export --to coco --where light=dusk --out dusk --json

COCO loses nothing: taken in again, it gives the same records. YOLO text has no don't-care regions;
they are dropped and counted, or written as a second class with --keep-dont-care. Images in the
sealed split are never exported.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from belisha.cli.dispatch import Outcome
from training.commands.data.store_option import add_version_options, add_where_option
from training.data.export import export_coco, export_yolo
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    add_where_option(parser)
    parser.add_argument("--split", metavar="NAME", help="only images of this split")
    parser.add_argument("--to", choices=("coco", "yolo"), required=True, help="the format")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--keep-dont-care", action="store_true", help="YOLO: don't-care regions as a second class"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Write, tell."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        asked = version, arguments.out, arguments.split, arguments.where
        if arguments.to == "coco":
            exported = export_coco(*asked)
        else:
            exported = export_yolo(*asked, keep_dont_care=arguments.keep_dont_care)
    for found in exported.findings:
        print(f"  {found.action} {found.count}  {found.what}  (first: {found.example})")
    print(f"written: {arguments.out}: {exported.images} images of version {version.name}")
    return Outcome(asdict(exported))
