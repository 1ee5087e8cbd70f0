"""Which threshold for which rate of false alarms: the whole choice, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from belisha.errors import UsageError
from training.data.coco import Sample
from training.evaluation.bootstrap import Resampling, draw, units
from training.evaluation.measurement import Estimate, estimated, why_no_interval
from training.evaluation.operating_point import operating_point
from training.evaluation.ranking import Ranking, every_image_once

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""That a table shows."""
_STEP = 1e-4
_ROWS = 500
"""Resamples at a time."""


@dataclass(frozen=True, kw_only=True)
class PointAt:
    """What a detector does from a threshold on.

    Attributes:
        threshold: a score.
        recall, precision, false_positives_per_image: of people of all heights.
    """

    threshold: float
    recall: Estimate
    precision: Estimate
    false_positives_per_image: Estimate


def check_rate(rate: float) -> None:
    """Refuse a rate that is none.

    Raises:
        UsageError: it is not above 0, or no number.
    """
    if not 0 < rate < math.inf:
        raise UsageError(f"expected more than 0 false positives per image, got {rate}")


def threshold_for(ranking: Ranking, rate: float, least: float) -> float:
    """The lowest threshold that costs no more false alarms per image than `rate`.

    Args:
        ranking: of a data set.
        rate: false alarms per image, above 0.
        least: lowest threshold to give, where there are too few false alarms for the rate.

    Returns:
        A score in steps of 0.0001, `least` or above.
    """
    check_rate(rate)
    alarms = ranking.scores[~ranking.hits]
    affordable = math.floor(rate * len(ranking.people) + 1e-9)
    if affordable >= len(alarms):
        return least
    # Scores are float32: the next step above the first one that is too much.
    above = (math.floor(float(alarms[affordable]) / _STEP) + 1) * _STEP
    return max(least, min(round(above, 4), 1 - _STEP))


def at_thresholds(
    samples: Sequence[Sample],
    ranking: Ranking,
    thresholds: Sequence[float],
    resampling: Resampling,
) -> tuple[PointAt, ...]:
    """Figures of a ranking of N images at each threshold; all see the same resamples."""
    portions = list(draw(units(samples, resampling.group), resampling, _ROWS))
    no_interval = why_no_interval(samples, resampling)
    rows = []
    for threshold in thresholds:
        (exact, *drawn) = (
            operating_point(ranking, weights, threshold)
            for weights in (every_image_once(ranking), *portions)
        )
        figures = {
            name: estimated(
                float(getattr(exact, name)[0]),
                np.concatenate([getattr(point, name) for point in drawn]),
                absent,
                no_interval,
            )
            for name, absent in (
                ("recall", "no people"),
                ("precision", "no detection at the threshold"),
                ("false_positives_per_image", "no images"),
            )
        }
        rows.append(PointAt(threshold=threshold, **figures))
    return tuple(rows)


def operating_document(rows: Sequence[PointAt]) -> list[dict[str, Any]]:
    """As plain data for JSON."""
    return [asdict(row) for row in rows]


COLUMNS = ("threshold", "recall", "precision", "FP/image")


def operating_cells(row: PointAt) -> tuple[str, ...]:
    """A row for `COLUMNS`."""
    figures = (row.recall, row.precision, row.false_positives_per_image)
    return f"{row.threshold:.4g}", *map(with_ends, figures)


def with_ends(estimate: Estimate) -> str:
    """0.381 [0.300, 0.450]."""
    if estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
