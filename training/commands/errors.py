"""Say why a bundle misses people and sees some where there are none, and what mending would bring.

Examples:
  python -m training errors my.bundle data/street
  python -m training errors my.bundle runs/store --where view=in_car --out report/
  python -m training errors my.bundle data/street data/town --second runs/peers/nanodet_m.bundle

At the bundle's threshold each miss and each false alarm gets exactly one cause, the first that
applies: of a miss too small, occluded, at the border, dark or pale, suppressed, not trusted, badly
placed, not seen; of a false alarm double, badly placed, at the edge of a don't-care region, part of
a person, drawn by nobody (a second detector sees a person there too, --second), background. Beside
each stands the AP50 that mending just these would give back, after TIDE (Bolya et al. 2020).

--out writes errors.html, with close-ups of each cause, errors.json, and the close-ups as JPEG. The
sealed split is not looked at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from belisha.boxes import Boxes
from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_engine_options
from belisha.detector import Detector
from belisha.errors import UsageError
from belisha.frames import Image
from belisha.report import render
from training.commands.evaluation_data import check_folder, open_for_evaluation
from training.commands.unsealed_data import add_data_options, open_dataset
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.error_analysis import ErrorAnalysis, analyse_errors
from training.evaluation.error_report import error_document, error_report, error_tables
from training.evaluation.error_sheets import error_sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "data", type=Path, nargs="+", metavar="DATA", help="folder, COCO JSON or store"
    )
    add_engine_options(parser)
    add_data_options(parser)
    parser.add_argument("--threshold", type=float, metavar="T", help="(default: the bundle's)")
    parser.add_argument(
        "--second", type=Path, metavar="BUNDLE", help="another detector, asked about false alarms"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write page, document and close-ups"
    )
    parser.add_argument(
        "--most", type=int, default=20, metavar="N", help="close-ups of a cause (default: 20)"
    )
    parser.add_argument(
        "--resamples", type=int, default=300, metavar="N", help="for intervals (default: 300)"
    )
    parser.add_argument("--group", metavar="ATTRIBUTE", help="draw whole groups, as 'sequence'")


def run(arguments: argparse.Namespace) -> Outcome:
    """Look, tell, write."""
    if arguments.most < 1:
        raise UsageError(f"expected --most of at least 1, got {arguments.most}")
    if arguments.out:
        check_folder(arguments.out)
    resampling = Resampling(arguments.resamples, group=arguments.group)
    dataset = _joined([open_dataset(path, arguments) for path in arguments.data])
    with ExitStack() as stack:
        second = _second(arguments.second, stack)
        detector = stack.enter_context(open_for_evaluation(arguments))
        manifest = detector.bundle.manifest
        threshold = manifest.threshold if arguments.threshold is None else arguments.threshold
        analysis = analyse_errors(detector, dataset, threshold, resampling, second)
    document = {**error_document(analysis), "detector": manifest.name}
    print(f"{manifest.name} on {detector.info.engine.library}")
    print(error_tables(analysis))
    if arguments.out:
        _write(arguments.out, analysis, manifest.name, document, arguments.most)
    return Outcome(document)


def _joined(datasets: list[Dataset]) -> Dataset:
    """Several data sets as one."""
    samples = tuple(sample for dataset in datasets for sample in dataset.samples)
    return Dataset(" + ".join(dataset.name for dataset in datasets), samples)


def _second(path: Path | None, stack: ExitStack) -> tuple[str, Callable[[Image], Boxes]] | None:
    if path is None:
        return None
    detector = stack.enter_context(Detector.open(path, may_build=False))
    return detector.info.name, detector


def _write(
    out: Path, analysis: ErrorAnalysis, name: str, document: dict[str, object], most: int
) -> None:
    """All files of `--out`: everything is drawn before anything is written."""
    present = [cause for cause in analysis.causes() if analysis.of(*cause)]
    sheets = {cause: error_sheet(analysis, cause, most) for cause in present}
    files = {
        "errors.html": render(error_report(analysis, name, sheets)).encode(),
        "errors.json": json.dumps(document, indent=1, allow_nan=False).encode() + b"\n",
        **{
            f"{kind}_{cause}.jpg".replace(" ", "_").replace("'", ""): sheet
            for (kind, cause), sheet in sheets.items()
        },
    }
    for file, data in files.items():
        try:
            write_whole(out / file, data)
        except OSError as error:
            raise UsageError(f"{out / file}: cannot be written: {error.strerror}") from error
        print(f"written: {out / file}")
