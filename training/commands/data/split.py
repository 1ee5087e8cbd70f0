"""Deal a version's images to train, validation and test, and seal the test split.

Examples:
  python -m training data split
  python -m training data split --dry-run
  python -m training data split --version v2 --previous v1
  python -m training data split --seed 3 --fractions 0.7 0.15 0.15

Images of one sequence never part, nor do near-duplicates of different sequences. Sources,
conditions and sizes of people are spread evenly. The same images give the same split in any order.
Nothing that an earlier version placed moves; a new image that would link two splits goes to
quarantine, which nobody reads.

Prints every stratum with its deviation from the fractions in points, and its floor: what no cut of
this stratum could better, because its sequences are few and large. Strata of fewer than three
groups cannot be split: they are named, with what to collect, and left out of the worst deviation.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from training.commands.data.store_option import add_version_options
from training.data.groups import QUARANTINE
from training.data.look import earlier_split, look_at
from training.data.near_duplicates import SIMILAR
from training.data.split import FRACTIONS, SPLITS, Split, Stratum, split
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: 0)")
    parser.add_argument(
        "--fractions",
        type=float,
        nargs=3,
        default=list(FRACTIONS.values()),
        metavar=("TRAIN", "VALIDATION", "TEST"),
        help="(default: 0.8 0.1 0.1)",
    )
    parser.add_argument(
        "--previous", default="", metavar="NAME", help="version whose split is kept to"
    )
    parser.add_argument(
        "--similarity", type=float, default=SIMILAR, metavar="S", help="of near-duplicates"
    )
    parser.add_argument("--dry-run", action="store_true", help="show, and assign nothing")


def run(arguments: argparse.Namespace) -> Outcome:
    """Look, deal, tell, assign."""
    fractions = dict(zip(SPLITS, arguments.fractions, strict=True))
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        name, previous = earlier_split(store, version, arguments.previous)
        look = look_at(store, version, arguments.similarity)
        done = split(
            look.records, look.pairs, previous=previous, fractions=fractions, seed=arguments.seed
        )
        print(f"version {version.name}, {len(look.pairs)} near-duplicate pairs across sequences")
        if name:
            print(f"kept to the split of {name}: nothing of it moves")
        print(describe(done))
        if not arguments.dry_run:
            version.assign(done.assignment)
            print("assigned; the test split is sealed: 'data seal' tells who has looked")
    return Outcome(document(done, version.name, name))


def describe(done: Split) -> str:
    """What people read."""
    counts = ", ".join(f"{name} {done.count(name)}" for name in (*SPLITS, QUARANTINE))
    lines = [f"{done.groups} groups; images: {counts}", ""]
    lines += ["points  floor  groups   train   valid.    test  stratum"]
    lines += [_row(stratum) for stratum in done.splittable]
    lines += ["", *worst_words(done)]
    for stratum in done.unsplittable:
        lines.append(f"cannot be split: {stratum.advice}")
    return "\n".join(lines)


def _row(stratum: Stratum) -> str:
    counts = "".join(f"{stratum.counts[name]:8}" for name in SPLITS)
    return (
        f"{stratum.deviation:6.1f} {stratum.floor:6.1f} {stratum.groups:7}{counts}  {stratum.name}"
    )


def worst_words(done: Split) -> list[str]:
    """The worst deviation, and the worst where better was possible."""
    worst, beyond = done.worst, done.worst_beyond_floor
    if worst is None or beyond is None:
        return ["no stratum has three groups: nothing can be said of the deviation"]
    words = [f"worst deviation: {worst.deviation:.1f} points in {worst.name}"]
    if worst.floor > 0.05:
        words[0] += f"; its {worst.groups} groups allow no better than {worst.floor:.1f}"
    excess = beyond.deviation - beyond.floor
    words.append(f"farthest from what its groups allow: {excess:.1f} points in {beyond.name}")
    return words


def document(done: Split, version: str, previous: str) -> dict[str, object]:
    """The outcome as JSON."""
    worst, beyond = done.worst, done.worst_beyond_floor
    return {
        "version": version,
        "previous": previous,
        "groups": done.groups,
        "images": {name: done.count(name) for name in (*SPLITS, QUARANTINE)},
        "worst": asdict(worst) if worst else None,
        "worst_beyond_floor": asdict(beyond) if beyond else None,
        "strata": [asdict(stratum) for stratum in done.strata],
    }
