"""What a detector's scores are worth, for people and for programs."""

from __future__ import annotations

from typing import Any

from belisha.plots import Axis, Series, xy_plot
from belisha.proportion import wilson
from training.evaluation.reliability import BINS, Reliability, Scores


def scores_document(scores: Scores) -> dict[str, Any]:
    """As plain data for JSON."""
    return {
        "bins": BINS,
        "ece": _document(scores.all),
        "ece_of_the_surest": _document(scores.surest),
        "cross_fitted": {
            "ece": _document(scores.all_fitted),
            "ece_of_the_surest": _document(scores.surest_fitted),
        },
        "fit_on_all": None
        if scores.fitted is None
        else {"temperature": scores.fitted.temperature, "offset": scores.fitted.offset},
    }


def _document(one: Reliability | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "value": one.ece.value,
        "low": one.ece.low,
        "high": one.ece.high,
        "noise": one.noise,
        "by_bin": [
            {"detections": b.detections, "score": b.score, "precision": b.precision}
            for b in one.bins
        ],
    }


def scores_lines(scores: Scores) -> list[str]:
    """A line as the scores are, one as a fit would make them."""
    as_they_are = f"ECE {ece_words(scores.all)}, of the surest {ece_words(scores.surest)}"
    if scores.all_fitted is None or scores.surest_fitted is None or scores.fitted is None:
        return [
            as_they_are,
            "no calibration can be tried crosswise here: one drive only, or too few hits",
        ]
    return [
        as_they_are,
        f"cross-fitted on these data: {ece_words(scores.all_fitted)}, of the surest "
        f"{ece_words(scores.surest_fitted)} (temperature {scores.fitted.temperature:.3f}, "
        f"offset {scores.fitted.offset:+.3f})",
    ]


def ece_words(one: Reliability) -> str:
    """.0123 [.010, .015]; what chance alone would make of true scores stands behind it."""
    if one.ece.value is None:
        return "-"
    low, high = one.ece.low, one.ece.high
    ends = "" if low is None or high is None else f" [{low:.4f}, {high:.4f}]"
    return f"{one.ece.value:.4f}{ends} (chance {one.noise:.4f})"


def reliability_diagram(scores: Scores) -> str:
    """Precision over score of the surest detections, before and after a fit: an `<svg>` element."""
    series = [Series("exact", (0.0, 1.0), (0.0, 1.0))]
    series.append(_series("as they are", scores.surest))
    if scores.surest_fitted is not None:
        series.append(_series("cross-fitted", scores.surest_fitted))
    return xy_plot(
        series,
        Axis("score"),
        Axis("share of people among the detections"),
        title="Reliability of the surest detections, as many as there are people",
    )


def _series(label: str, one: Reliability) -> Series:
    ends = [wilson(round(b.precision * b.detections), b.detections) for b in one.bins]
    return Series(
        label,
        [b.score for b in one.bins],
        [b.precision for b in one.bins],
        [low for low, _ in ends],
        [high for _, high in ends],
        style="points",
    )
