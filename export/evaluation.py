"""The evaluation record in a bundle: what each flavour finds, by size and condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from export.parity.check import Checked
from export.scores import Settled
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import MIN_HEIGHTS, measure
from training.evaluation.reliability import look_at_scores
from training.evaluation.reliability_report import scores_document
from training.evaluation.report import document

SCHEMA = "belisha-bundle-evaluation-1"
"""Name and version of the document."""
_RESAMPLES = 300
"""Enough for a record; the gate's own intervals have more."""


def evaluation_record(
    checked: Checked, dataset: Dataset | None, in_training: Mapping[str, float], settled: Settled
) -> dict[str, Any]:
    """The document.

    Args:
        checked: what the parity gate saw of each flavour.
        dataset: on which frames; nothing where there were none.
        in_training: AP50 of the float network, as the training run saw it, by data set.
        settled: what the network's own scores say, and would say after a fit.
    """
    parity = checked.parity
    by_condition = {
        row.cell: {"people": row.people, **row.reference}
        for row in parity.rows
        if row.flavour == next(iter(parity.agreements))
    }
    return {
        "schema": SCHEMA,
        "ap50_in_training": dict(in_training),
        "reference_by_condition": by_condition,
        "own_scores": scores_document(settled.own) if settled.own else None,
        "flavours": _by_flavour(checked, dataset) if dataset else {},
    }


def _by_flavour(checked: Checked, dataset: Dataset) -> dict[str, Any]:
    parity = checked.parity
    resampling = Resampling(_RESAMPLES, group=parity.rules.group)
    records: dict[str, Any] = {}
    for flavour in parity.agreements:
        measured = measure(
            dataset,
            checked.detections[flavour],
            threshold=parity.threshold,
            min_heights=MIN_HEIGHTS,
            resampling=resampling,
        )
        scores = look_at_scores(dataset.samples, measured.results[0].ranking, resampling)
        records[flavour] = {**document(measured), "scores": scores_document(scores)}
    return records
