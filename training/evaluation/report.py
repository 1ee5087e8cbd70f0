"""An evaluation for people, a table, and for programs, a document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from training.evaluation.bootstrap import LEVEL
from training.evaluation.coco_precision import MAX_DETECTIONS
from training.evaluation.measurement import MIN_PEOPLE, Estimate, Evaluation, HeightResult

SCHEMA = "belisha-evaluation-1"
"""Name and version of the document; the number rises when a reader of the old one would err."""

_ESTIMATES = (
    "ap50",
    "ap50_95",
    "miss_rate",
    "precision",
    "recall",
    "false_positives_per_image",
)


def document(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as plain data for JSON; a figure that does not exist is null with a reason."""
    samples = evaluation.dataset.samples
    return {
        "schema": SCHEMA,
        "dataset": {
            "name": evaluation.dataset.name,
            "fingerprint": evaluation.dataset.fingerprint,
            "images": len(samples),
            "dont_care_regions": sum(int(sample.dont_care.sum()) for sample in samples),
        },
        "threshold": evaluation.threshold,
        "max_detections_per_image": MAX_DETECTIONS,
        "intervals": {
            "level": LEVEL,
            "method": "percentile bootstrap",
            "resamples": evaluation.resampling.count,
            "drawn": evaluation.resampling.group or "image",
            "seed": evaluation.resampling.seed,
        },
        "visibility": "all: the data does not say how much of a person is visible",
        "results": [_result_document(result) for result in evaluation.results],
    }


def _result_document(result: HeightResult) -> dict[str, Any]:
    return {
        "min_height": result.min_height,
        "people": result.people,
        "enough_data": result.enough_data,
        **{name: asdict(getattr(result, name)) for name in _ESTIMATES},
    }


def height_label(result: HeightResult) -> str:
    """The height of the people asked for, in words."""
    return f">= {result.min_height:g} px" if result.min_height else "all"


def table(evaluation: Evaluation) -> str:
    """The evaluation as text, a row a height, and how to read it."""
    header = ("height", "people", "AP50", "AP50-95", "MR-2", "precision", "recall", "FP/image")
    rows = [header, *(_row(result) for result in evaluation.results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([_title(evaluation), "", *lines, "", *_notes(evaluation)])


def _row(result: HeightResult) -> tuple[str, ...]:
    few = "" if result.enough_data else " *"
    return (
        height_label(result),
        f"{result.people}{few}",
        _with_interval(result.ap50),
        _number(result.ap50_95.value),
        _with_interval(result.miss_rate),
        _with_interval(result.precision),
        _with_interval(result.recall),
        _number(result.false_positives_per_image.value),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _with_interval(estimate: Estimate) -> str:
    """0.381 [0.30, 0.45]."""
    if estimate.low is None or estimate.high is None:
        return _number(estimate.value)
    return f"{_number(estimate.value)} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _title(evaluation: Evaluation) -> str:
    regions = sum(int(np.count_nonzero(s.dont_care)) for s in evaluation.dataset.samples)
    return (
        f"{evaluation.dataset.name}: {len(evaluation.dataset)} images, "
        f"{regions} don't-care regions; threshold {evaluation.threshold:g}"
    )


def _notes(evaluation: Evaluation) -> list[str]:
    """What a reader must know to take the figures for what they are."""
    notes = [
        "precision, recall, FP/image (false positives per image): at the threshold",
        "MR-2: log-average miss rate over 0.01 to 1 FP/image, all degrees of visibility; "
        "lower is better",
    ]
    if any(not result.enough_data for result in evaluation.results):
        notes.append(f"* fewer than {MIN_PEOPLE} people: not enough data")
    drawn = evaluation.resampling.group or "image"
    reasons = {result.ap50.reason for result in evaluation.results if result.people}
    if None in reasons:
        notes.append(
            f"[ ]: {LEVEL:.0%} interval, bootstrap by {drawn}, "
            f"{evaluation.resampling.count} resamples, seed {evaluation.resampling.seed}"
        )
        if drawn == "image":
            notes.append(
                "     images of one drive are alike; --group sequence allows for that (wider)"
            )
    notes += [f"no intervals: {reason}" for reason in sorted(filter(None, reasons))]
    return notes
