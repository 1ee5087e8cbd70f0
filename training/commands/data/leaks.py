"""Look for leaks of a split: sequences cut in two, near-duplicates on both sides.

Examples:
  python -m training data leaks
  python -m training data leaks --validation sequence=0006R0 'source=idd_lite,file_name=val_*'
  python -m training data leaks --pairs 50

Without --validation the version's own split is looked at. With it a split that somebody gives is:
images that meet one of the comma-separated conditions are validation, all others train. Exit code
1 where anything leaks.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, DatasetError
from training.commands.data.store_option import add_version_options
from training.data.leaks import Leaks, find_leaks
from training.data.look import look_at
from training.data.near_duplicates import SIMILAR
from training.data.records import Record
from training.data.split import TRAIN, VALIDATION
from training.data.store import Store
from training.data.version import Version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument(
        "--validation",
        nargs="+",
        default=[],
        metavar="CONDITIONS",
        help="a given split: what is validation; conditions joined by commas must all be met",
    )
    parser.add_argument(
        "--similarity", type=float, default=SIMILAR, metavar="S", help="of near-duplicates"
    )
    parser.add_argument("--pairs", type=int, default=20, metavar="N", help="to list (default: 20)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Look, tell."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        splits = _given(version, arguments.validation) or version.splits()
        if not splits:
            raise DatasetError(
                f"version {version.name} has no split yet: run 'data split', or say --validation"
            )
        look = look_at(store, version, arguments.similarity)
        leaks = find_leaks(look.records, splits, look.pairs)
    print(describe(leaks, look.records, arguments.pairs))
    return Outcome(asdict(leaks), EXIT_OK if leaks.clean else EXIT_SOME_FAILED)


def _given(version: Version, validation: Sequence[str]) -> dict[str, str]:
    """The split that the conditions describe; empty if there are none."""
    if not validation:
        return {}
    splits = {record.sha256: TRAIN for record in version.records()}
    for conditions in validation:
        for record in version.records(where=conditions.split(",")):
            splits[record.sha256] = VALIDATION
    return splits


def describe(leaks: Leaks, records: Sequence[Record], pairs: int) -> str:
    """What people read."""
    names: Mapping[str, str] = {
        record.sha256: f"{record.source}/{record.name}" for record in records
    }
    lines = [", ".join(f"{count} {split}" for split, count in sorted(leaks.images.items()))]
    lines.append(f"{len(leaks.sequences)} sequences are cut in two")
    lines += [f"  {name}: {', '.join(splits)}" for name, splits in leaks.sequences.items()]
    lines.append(f"{len(leaks.pairs)} near-duplicate pairs lie on both sides")
    for pair in leaks.pairs[:pairs]:
        mirrored = " (mirrored)" if pair.mirrored else ""
        lines.append(
            f"  {pair.similarity:.3f}{mirrored}  {names[pair.first]}  {names[pair.second]}"
        )
    for split, count in sorted(leaks.known.items()):
        lines.append(f"{count} of {leaks.images[split]} images in {split} are known to training")
    lines.append("no leak was found" if leaks.clean else "THE SPLIT LEAKS")
    return "\n".join(lines)
