"""Ask the parity gate about a bundle that is there: does each flavour find what torch finds?

Examples:
  python -m export parity small.bundle --checkpoint runs/small/last.pt
  python -m export parity small.bundle --checkpoint runs/small/last.pt --data data/street
  python -m export parity small.bundle --checkpoint last.pt --pictures changed/

The same comparison as in 'python -m export build', on the checkpoint's validation data or --data,
in every cell. Exit code 3 if it does not pass.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.bundle import Bundle, write_whole
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_REFUSED, UsageError
from export.build import comparison_data
from export.parity.check import Checked, compare_bundle
from export.parity.rules import read_rules
from export.parity.tables import as_lines, sentence
from training.checkpoint import read_checkpoint
from training.commands.data.store_option import add_where_option
from training.data.coco import read_coco
from training.evaluation.evaluate import least_score
from training.torch_detector import TorchDetector


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--checkpoint", type=Path, required=True, metavar="FILE", help="that it was made of"
    )
    parser.add_argument("--data", type=Path, metavar="DATASET", help="(default: as validated)")
    add_where_option(parser)
    parser.add_argument("--compare-frames", type=int, metavar="N", help="no more than this")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="(default: strict rules)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write what changed")


def run(arguments: argparse.Namespace) -> Outcome:
    """Open, compare, print."""
    bundle, rules = Bundle.open(arguments.bundle), read_rules(arguments.rules)
    checkpoint = read_checkpoint(arguments.checkpoint)
    chosen = read_coco(arguments.data).select(arguments.where) if arguments.data else None
    dataset = comparison_data(checkpoint, chosen, arguments.compare_frames)
    if dataset is None:
        raise UsageError("the checkpoint was validated on nothing: name frames with --data")
    preprocessing, calibration = bundle.manifest.preprocessing, bundle.manifest.head.calibration
    reference = TorchDetector(
        checkpoint.network(), preprocessing, least_score(calibration), calibration
    )
    checked = compare_bundle(reference, bundle, dataset, rules)
    print(as_lines(checked.parity))
    print(f"\n{sentence(checked.parity)}")
    print("\n".join(checked.parity.failures))
    if arguments.pictures:
        _write(checked, arguments.pictures)
    code = EXIT_OK if checked.parity.passed else EXIT_REFUSED
    return Outcome(checked.parity.json(), code)


def _write(checked: Checked, folder: Path) -> None:
    for flavour, sheet in checked.sheets().items():
        path = folder / f"{flavour}.jpg"
        try:
            write_whole(path, sheet)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
        print(f"written: {path}")
