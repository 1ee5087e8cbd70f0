"""The evaluation record in a bundle: what each flavour finds, by size and condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from export.parity.check import Checked
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import MIN_HEIGHTS, measure
from training.evaluation.report import document

SCHEMA = "belisha-bundle-evaluation-1"
"""Name and version of the document."""
_RESAMPLES = 300
"""Enough for a record; the gate's own intervals have more."""


def evaluation_record(
    checked: Checked, dataset: Dataset | None, in_training: Mapping[str, float]
) -> dict[str, Any]:
    """The document.

    Args:
        checked: what the parity gate saw of each flavour.
        dataset: on which frames; nothing where there were none.
        in_training: AP50 of the float network, as the training run saw it, by data set.
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
        "flavours": _by_flavour(checked, dataset) if dataset else {},
    }


def _by_flavour(checked: Checked, dataset: Dataset) -> dict[str, Any]:
    parity = checked.parity
    resampling = Resampling(_RESAMPLES, group=parity.rules.group)
    return {
        flavour: document(
            measure(
                dataset,
                checked.detections[flavour],
                threshold=parity.threshold,
                min_heights=MIN_HEIGHTS,
                resampling=resampling,
            )
        )
        for flavour in parity.agreements
    }
