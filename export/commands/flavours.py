"""Evaluate every flavour of a bundle on a data set: what does INT8 cost, and whom?

Examples:
  python -m export flavours small.bundle data/street
  python -m export flavours small.bundle data/street --where sequence=0006R0 --json
  python -m export flavours small.bundle runs/store --where view=in_car    # its validation split

Prints AP50 by height of the float flavour, and of the INT8 flavours with their change against it,
with 95 % intervals by the paired bootstrap. The flavour for TensorRT is computed by ONNX Runtime:
it shows what the quantisation costs, not what TensorRT makes of it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from export.flavours import FlavourResult, compare_flavours
from training.commands.unsealed_data import add_data_options, open_dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import Estimate
from training.evaluation.report import document, height_label

_WIDTH = 48
"""Of a column of the table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder, COCO JSON or store")
    add_data_options(parser)
    parser.add_argument(
        "--resamples", type=int, default=1000, metavar="N", help="for intervals (default: 1000)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Open, evaluate each, print a table."""
    bundle = Bundle.open(arguments.bundle)
    dataset = open_dataset(arguments.dataset, arguments)
    results = compare_flavours(
        bundle, dataset, Resampling(arguments.resamples), lambda text: print(text, file=sys.stderr)
    )
    people = [f"{one.people}" for one in results[0].evaluation.results]
    labels = [height_label(one) for one in results[0].evaluation.results]
    print(f"{bundle.manifest.name} on {dataset.name}, AP50 (change against {results[0].flavour})")
    print("  ".join(["flavour".ljust(14), *(label.ljust(_WIDTH) for label in labels), "MR-2"]))
    print("  ".join(["people".ljust(14), *(count.ljust(_WIDTH) for count in people)]))
    for result in results:
        print("  ".join([result.flavour.ljust(14), *_cells(result)]))
    return Outcome([_document(result) for result in results])


def _cells(result: FlavourResult) -> list[str]:
    cells = []
    for height, one in enumerate(result.evaluation.results):
        change = f" ({_words(result.change[height], '+.3f')})" if result.change else ""
        cells.append(f"{_words(one.ap50, '.3f')}{change}".ljust(_WIDTH))
    return [*cells, _words(result.evaluation.results[0].miss_rate, ".3f")]


def _words(estimate: Estimate, form: str) -> str:
    if estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return format(estimate.value, form)
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"


def _document(result: FlavourResult) -> dict[str, Any]:
    change = [asdict(estimate) for estimate in result.change]
    return {"flavour": result.flavour, **document(result.evaluation), "change_in_ap50": change}
