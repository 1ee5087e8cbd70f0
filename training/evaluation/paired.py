"""Two models on the same images: how much better is the second, and how sure is that?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from belisha.errors import UsageError
from training.data.coco import Sample
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import LEVEL, Resampling, draw, interval, units
from training.evaluation.measurement import Estimate, Evaluation
from training.evaluation.ranking import Ranking, Tally, every_image_once, tally

Figure = Callable[[Tally], NDArray[np.float64]]
"""A figure of merit, one value a resample: `average_precision` or `log_average_miss_rate`."""

_ROWS = 100
"""Resamples at a time."""


def gain_in_ap50(first: Evaluation, second: Evaluation, height: int = 0) -> Estimate:
    """AP50 of the second minus that of the first, with an interval by the paired bootstrap.

    Args:
        first: the model to compare with.
        second: the other, on the same data set, with the same heights and resampling.
        height: index of the result, among those of each evaluation.

    Raises:
        UsageError: the two cannot be compared.
    """
    _check_comparable(first, second)
    rankings = first.results[height].ranking, second.results[height].ranking
    (change,) = paired_changes(
        rankings[0],
        rankings[1:],
        first.dataset.samples,
        first.resampling,
        {"ap50": average_precision},
    )
    return change["ap50"]


def paired_changes(
    first: Ranking,
    others: Sequence[Ranking],
    samples: Sequence[Sample],
    resampling: Resampling,
    figures: dict[str, Figure],
    level: float = LEVEL,
) -> list[dict[str, Estimate]]:
    """How figures change from the first model to each of the others, on the same images.

    All are counted on the same resamples, so what is hard for both cancels out: the interval is
    narrower than those of the two figures would suggest.

    Args:
        first: detections of the model to compare with.
        others: of the others.
        samples: the N images that all of them were ranked on.
        resampling: for the intervals.
        figures: name -> figure of merit.
        level: of the intervals.

    Returns:
        For each of the others, figure -> its value minus that of the first.
    """
    once = every_image_once(first)
    whole = _changes(first, others, figures, once)
    drawn = [
        _changes(first, others, figures, weights)
        for weights in draw(units(samples, resampling.group), resampling, _ROWS)
    ]
    return [
        {
            name: _estimate(
                float(change[name][0]),
                np.concatenate([portion[index][name] for portion in drawn]),
                level,
            )
            for name in figures
        }
        for index, change in enumerate(whole)
    ]


def _changes(
    first: Ranking,
    others: Sequence[Ranking],
    figures: dict[str, Figure],
    weights: NDArray[np.int64],
) -> list[dict[str, NDArray[np.float64]]]:
    """For each of the others, figure -> (R,) change in the resamples of `weights`."""
    before = tally(first, weights)
    old = {name: figure(before) for name, figure in figures.items()}
    changes = []
    for other in others:
        after = tally(other, weights)
        changes.append({name: figure(after) - old[name] for name, figure in figures.items()})
    return changes


def _estimate(value: float, drawn: NDArray[np.float64], level: float) -> Estimate:
    if np.isnan(value):
        return Estimate(None, reason="no people of this height")
    ends = interval(drawn, level)
    if ends is None:
        return Estimate(value, reason="no resamples were asked for")
    return Estimate(value, *ends)


def _check_comparable(first: Evaluation, second: Evaluation) -> None:
    if first.dataset.fingerprint != second.dataset.fingerprint:
        raise UsageError(
            f"expected two evaluations of the same images, got {first.dataset.name} and "
            f"{second.dataset.name} with other truth: evaluate both on one data set"
        )
    heights = [[result.min_height for result in one.results] for one in (first, second)]
    if heights[0] != heights[1] or first.resampling != second.resampling:
        raise UsageError("expected two evaluations with the same heights and resampling")
