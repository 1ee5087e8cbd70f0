"""Pictures of different sequences that are nearly the same; and whether such are found at all.

Examples:
  python -m training data duplicates
  python -m training data duplicates --similarity 0.9 --pairs 100
  python -m training data duplicates --planted 300

--planted takes so many pictures of the version, makes changed copies (cropped, recompressed,
brighter, smaller, moved, mirrored) and looks for them among all: recall, and how often a copy is
paired with a picture of another sequence that it was not made of. The default similarity was chosen
on the data sets beside the checkout, so figures on those are a little too good.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

import numpy as np

from belisha.cameras.picture import read_picture
from belisha.cli.dispatch import Outcome
from belisha.errors import DatasetError, FrameError, UsageError
from training.commands.data.store_option import add_version_options
from training.data.groups import sequence_of
from training.data.look import Look, look_at
from training.data.near_duplicates import SIMILAR
from training.data.planted import CHANGES, Planted, find_planted
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument(
        "--similarity", type=float, default=SIMILAR, metavar="S", help=f"(default: {SIMILAR})"
    )
    parser.add_argument("--pairs", type=int, default=20, metavar="N", help="to list (default: 20)")
    parser.add_argument("--planted", type=int, default=0, metavar="N", help="pictures to copy")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the choice")


def run(arguments: argparse.Namespace) -> Outcome:
    """Look, tell, perhaps plant."""
    if not 0 < arguments.similarity <= 1 or arguments.planted < 0:
        raise UsageError("expected a similarity above 0, up to 1, and no negative --planted")
    with Store.open(arguments.store) as store:
        look = look_at(store, store.version(arguments.version), arguments.similarity)
        planted = _plant(look, arguments) if arguments.planted else []
    names = {record.sha256: f"{record.source}/{record.name}" for record in look.records}
    print(f"{len(look.pairs)} near-duplicate pairs across sequences of {look.version.name}")
    for pair in look.pairs[: arguments.pairs]:
        mirrored = " (mirrored)" if pair.mirrored else ""
        print(f"  {pair.similarity:.3f}{mirrored}  {names[pair.first]}  {names[pair.second]}")
    for one in planted:
        print(
            f"{one.change:50} recall {one.recall:.3f} of {one.copies}, "
            f"{one.strangers} strangers of {one.pairs} pairs ({one.false_positive_rate:.1e})"
        )
    pairs = [asdict(pair) for pair in look.pairs]
    rates = [{**asdict(one), "recall": one.recall} for one in planted]
    return Outcome({"pairs": pairs, "planted": rates})


def _plant(look: Look, arguments: argparse.Namespace) -> list[Planted]:
    measured = look.measurements
    sequence = {record.sha256: sequence_of(record) for record in look.records}
    count = min(arguments.planted, len(measured.keys))
    chosen = np.random.default_rng(arguments.seed).choice(len(measured.keys), count, replace=False)
    try:
        pictures = {
            index: read_picture(look.version.image_path(measured.keys[index]))
            for index in sorted(chosen.tolist())
        }
    except FrameError as error:
        raise DatasetError(f"a picture of the version cannot be copied: {error}") from error
    sequences = [sequence[key] for key in measured.keys]
    return [
        find_planted(measured.thumbnails, sequences, pictures, change, arguments.similarity)
        for change in CHANGES
    ]
