"""Scores and threshold on the page of a build: reliability, other thresholds, every source."""

from __future__ import annotations

from belisha.manifest import Flavour
from belisha.report import Block, Facts, Figure, Table, Text
from export.build import Draft
from export.score_words import calibration_words, threshold_words
from export.scores import figures_by_source
from training.evaluation.operating_table import (
    COLUMNS,
    THRESHOLDS,
    at_thresholds,
    operating_cells,
)
from training.evaluation.ranking import rank
from training.evaluation.reliability_report import reliability_diagram

SHOWN: Flavour = "int8_cpu"
"""The flavour whose other thresholds are shown."""


def score_blocks(draft: Draft) -> list[Block]:
    """The section."""
    settled, dataset = draft.settled, draft.dataset
    words = {"scores": calibration_words(settled), "threshold": threshold_words(settled)}
    if dataset is None or settled.own is None:
        return [Facts(words), Text("There are no frames to measure on.")]
    found = draft.checked.detections[SHOWN]
    resampling = draft.checked.parity.rules.resampling
    thresholds = sorted({*THRESHOLDS, settled.threshold})
    points = at_thresholds(dataset.samples, rank(dataset.samples, found), thresholds, resampling)
    blocks: list[Block] = [
        Facts(words),
        Figure(
            reliability_diagram(settled.own),
            "Do scores say what is true? The trained network's surest detections, as many as there "
            "are people, in bins of equally many; cross-fitted: each half of the drives with the "
            "fit of the other half.",
        ),
        Table(COLUMNS, list(map(operating_cells, points)), f"{SHOWN}, calibrated"),
    ]
    parts = figures_by_source(dataset, found, settled.threshold, resampling)
    if parts:
        rows = [(source, *operating_cells(point)) for source, point in parts.items()]
        blocks.append(Table(("source", *COLUMNS), rows, f"{SHOWN} at the threshold, by source"))
    return blocks
