"""Measure a bundle on a data set.

Examples:
  python -m training evaluate data/street --bundle my.bundle
  python -m training evaluate data/street --bundle my.bundle --out report/
  python -m training evaluate data/street --bundle my.bundle --where sequence=0006R0 'time!=dusk'
  python -m training evaluate data/street --bundle my.bundle --group sequence --json
  python -m training evaluate data/street --bundle my.bundle --false-positives-per-image 0.5
  python -m training evaluate runs/store --split validation --bundle my.bundle
  python -m training evaluate runs/store --split test --who Ada --reason ship --bundle my.bundle
  python -m training evaluate panel/agreed --humans panel/agreed/humans.json --bundle my.bundle

A data set is a folder with annotations.json (COCO) and images/, or the JSON file, or a store with
versions ('python -m training data'). An annotation with `ignore` or `iscrowd` is a don't-care
region: what is detected there counts neither way.

The test split of a store is sealed: it is opened with a name and a reason. The look is logged
before a picture is read, the figures before they are shown; after a number of looks they are marked
SPENT.

Prints AP50, AP50-95, MR-2, precision and recall for people of all heights and of at least 20, 30
and 50 px, with 95 % intervals; then what other thresholds would give, and how true the scores are
(ECE), as they are and after a fit to one half of the drives, measured on the other. A rate instead
of a threshold finds the threshold for it; on the sealed split only a threshold is taken, for there
nothing is chosen. --out writes evaluation.json, precision_recall.png, reliability.svg and
worst.jpg, the images that went wrong most, with what was found, missed and falsely reported.
--humans puts the detector beside people, at the false positives per image that they make.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from belisha.bench.words import as_text
from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options
from belisha.detector import Detector
from belisha.errors import UsageError
from training.commands.data.store_option import add_where_option
from training.commands.evaluation_data import (
    add_data_options,
    check_folder,
    open_data,
    open_for_evaluation,
)
from training.data.coco import Dataset
from training.data.human_line import read_human_line
from training.data.split import TEST
from training.evaluation.beside_humans import beside_humans
from training.evaluation.bootstrap import Resampling
from training.evaluation.contact_sheet import contact_sheet
from training.evaluation.evaluate import detect
from training.evaluation.measurement import MIN_HEIGHTS, Evaluation, check_arguments, measure
from training.evaluation.operating_table import (
    COLUMNS,
    THRESHOLDS,
    PointAt,
    at_thresholds,
    check_rate,
    operating_cells,
    operating_document,
    threshold_for,
)
from training.evaluation.precision_recall_plot import precision_recall_plot
from training.evaluation.ranking import rank
from training.evaluation.reliability import Scores, look_at_scores
from training.evaluation.reliability_report import (
    reliability_diagram,
    scores_document,
    scores_lines,
)
from training.evaluation.report import document, table
from training.evaluation.worst_images import worst_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder, COCO JSON or store")
    add_detector_options(parser)
    add_data_options(parser)
    add_where_option(parser)
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only N images, spread evenly over the data set"
    )
    point = parser.add_mutually_exclusive_group()
    point.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="score from which a detection counts for precision and recall (default: the bundle's)",
    )
    point.add_argument(
        "--false-positives-per-image",
        type=float,
        metavar="R",
        help="take the lowest threshold that costs no more on these images",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write evaluation.json and pictures"
    )
    parser.add_argument(
        "--worst", type=int, default=12, metavar="N", help="images on worst.jpg (default: 12)"
    )
    parser.add_argument(
        "--resamples", type=int, default=1000, metavar="N", help="for intervals (default: 1000)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the resamples")
    parser.add_argument(
        "--group",
        metavar="ATTRIBUTE",
        help="draw whole groups of images, such as 'sequence', instead of single images",
    )
    parser.add_argument(
        "--humans",
        type=Path,
        metavar="FILE",
        help="humans.json of 'data consensus', to compare with",
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Read, measure, print, write."""
    _check(arguments)
    resampling = Resampling(arguments.resamples, arguments.seed, arguments.group)
    humans = read_human_line(arguments.humans) if arguments.humans else None
    with open_for_evaluation(arguments) as detector:
        threshold = _threshold(arguments, detector)
        data = open_data(arguments, detector.info)
        dataset = _spread(data.dataset, arguments.limit)
        check_arguments(dataset, threshold, resampling)
        detections = detect(detector, dataset)
        if (rate := arguments.false_positives_per_image) is not None:
            threshold = threshold_for(rank(dataset.samples, detections), rate, detector.threshold)
        evaluation = measure(
            dataset,
            detections,
            threshold=threshold,
            min_heights=MIN_HEIGHTS,
            resampling=resampling,
        )
    points, scores = _points(evaluation), _scores(evaluation)
    record = {
        **document(evaluation),
        "thresholds": operating_document(points),
        "scores": scores_document(scores),
        "detector": _detector_document(detector),
    }
    if seal := data.log(evaluation):
        record["seal"] = seal
    print(f"{detector.info.name} on {detector.info.engine.library}")
    print(table(evaluation))
    print(f"\n{_points_table(points, threshold)}\n")
    print("\n".join(scores_lines(scores)))
    if humans:
        compared = beside_humans(evaluation, humans)
        record["beside_humans"] = dataclasses.asdict(compared)
        print(compared)
    if seal:
        print(f"this was look {seal['opening']} of {seal['limit']}; head of the log {seal['head']}")
    if arguments.out:
        _write(arguments.out, evaluation, scores, record, arguments.worst)
    return Outcome(record)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what would only fail after the long part."""
    for name in ("limit", "worst"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise UsageError(f"expected --{name} of at least 1, got {value}")
    if (rate := arguments.false_positives_per_image) is not None:
        check_rate(rate)
        if arguments.split == TEST:
            raise UsageError(
                "--false-positives-per-image chooses a threshold, and nothing is chosen on the "
                "sealed split: choose on validation, and measure here with --threshold"
            )
    if arguments.out:
        check_folder(arguments.out)


def _spread(dataset: Dataset, limit: int | None) -> Dataset:
    """At most `limit` images at equal distances, so that no drive is left out."""
    if limit is None or limit >= len(dataset):
        return dataset
    indices = np.linspace(0, len(dataset) - 1, limit).round().astype(int).tolist()
    name = f"{dataset.name} ({limit} of {len(dataset)} images)"
    return Dataset(name, tuple(dataset.samples[index] for index in indices))


def _threshold(arguments: argparse.Namespace, detector: Detector) -> float:
    """The threshold asked for, or the one that the bundle ships with."""
    shipped = detector.bundle.manifest.threshold
    threshold: float = shipped if arguments.threshold is None else arguments.threshold
    least = detector.threshold
    if not least <= threshold < 1:
        raise UsageError(f"expected a threshold from {least:.2g} to below 1, got {threshold}")
    return threshold


def _points(evaluation: Evaluation) -> tuple[PointAt, ...]:
    """Figures at round thresholds, and at the one of the evaluation."""
    thresholds = sorted({*THRESHOLDS, evaluation.threshold})
    ranking = evaluation.results[0].ranking
    return at_thresholds(evaluation.dataset.samples, ranking, thresholds, evaluation.resampling)


def _scores(evaluation: Evaluation) -> Scores:
    ranking = evaluation.results[0].ranking
    return look_at_scores(evaluation.dataset.samples, ranking, evaluation.resampling)


def _points_table(points: Sequence[PointAt], threshold: float) -> str:
    """The figures as text; the threshold of the evaluation is marked."""
    rows = [operating_cells(point) for point in points]
    marked = [
        (f"{first} <" if point.threshold == threshold else first, *others)
        for point, (first, *others) in zip(points, rows, strict=True)
    ]
    return f"{as_text(COLUMNS, marked, indent='')}\n< the threshold of the table above"


def _detector_document(detector: Detector) -> dict[str, Any]:
    """What was measured, and what ran it."""
    info = dataclasses.asdict(detector.info)
    info["least_score"] = info.pop("threshold")
    return info


def _write(
    out: Path, evaluation: Evaluation, scores: Scores, record: dict[str, Any], worst: int
) -> None:
    """All files of `--out`: everything is drawn before anything is written."""
    title = (
        f"{record['detector']['name']} on {evaluation.dataset.name}, "
        f"threshold {evaluation.threshold:g}: the worst images "
        "(by the height of people missed and false alarms)"
    )
    files = {
        "worst.jpg": contact_sheet(worst_images(evaluation, worst), title),
        "precision_recall.png": precision_recall_plot(evaluation),
        "reliability.svg": reliability_diagram(scores).encode(),
        "evaluation.json": json.dumps(record, indent=1, allow_nan=False).encode() + b"\n",
    }
    for name, data in files.items():
        try:
            write_whole(out / name, data)
        except OSError as error:
            raise UsageError(f"{out / name}: cannot be written: {error.strerror}") from error
        print(f"written: {out / name}")
