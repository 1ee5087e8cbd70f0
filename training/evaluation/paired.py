"""Two models on the same images: how much better is the second, and how sure is that?"""

from __future__ import annotations

import numpy as np

from belisha.errors import UsageError
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import draw, interval, units
from training.evaluation.measurement import Estimate, Evaluation
from training.evaluation.ranking import every_image_once, tally

_ROWS = 100
"""Resamples at a time."""


def gain_in_ap50(first: Evaluation, second: Evaluation, height: int = 0) -> Estimate:
    """AP50 of the second minus that of the first, with an interval by the paired bootstrap.

    Both are counted on the same resamples, so what is hard for both cancels out: the interval is
    narrower than those of the two figures would suggest.

    Args:
        first: the model to compare with.
        second: the other, on the same data set, with the same heights and resampling.
        height: index of the result, among those of each evaluation.

    Raises:
        UsageError: the two cannot be compared.
    """
    _check_comparable(first, second)
    rankings = first.results[height].ranking, second.results[height].ranking
    once = every_image_once(rankings[0])
    before, after = (average_precision(tally(ranking, once))[0] for ranking in rankings)
    if np.isnan(before) or np.isnan(after):
        return Estimate(None, reason="no people of this height")
    unit_of_image = units(first.dataset.samples, first.resampling.group)
    gains = []
    for weights in draw(unit_of_image, first.resampling, _ROWS):
        old, new = (average_precision(tally(ranking, weights)) for ranking in rankings)
        gains.append(new - old)
    ends = interval(np.concatenate(gains))
    if ends is None:
        return Estimate(float(after - before), reason="no resamples were asked for")
    return Estimate(float(after - before), *ends)


def _check_comparable(first: Evaluation, second: Evaluation) -> None:
    if first.dataset.fingerprint != second.dataset.fingerprint:
        raise UsageError(
            f"expected two evaluations of the same images, got {first.dataset.name} and "
            f"{second.dataset.name} with other truth: evaluate both on one data set"
        )
    heights = [[result.min_height for result in one.results] for one in (first, second)]
    if heights[0] != heights[1] or first.resampling != second.resampling:
        raise UsageError("expected two evaluations with the same heights and resampling")
