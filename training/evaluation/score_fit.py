"""Fitting of a calibration: the two numbers that make a detector's scores say what is true.

By maximum likelihood (Platt 1999): of all calibrations the one under which hits being hits and
false alarms being false alarms is likeliest. What such a fit is worth shows only on data that it
has not seen, so it is tried crosswise: each half of the drives with the fit of the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, FloatArray, IntArray
from belisha.calibration import Calibration
from training.data.coco import Sample
from training.evaluation.ranking import Ranking

MIN_EACH = 20
"""Hits, and false alarms, below which nothing is fitted."""
_STEPS = 100
_CLOSE = 1e-9
_NEAREST = 1e-7
"""That a score may come to 0 and 1 before its logit is taken."""


def fit_calibration(scores: FloatArray, hits: BoolArray) -> Calibration | None:
    """The likeliest calibration.

    Args:
        scores: (D,) of detections after suppression, as the detector says them.
        hits: (D,) true where a person was found, false where it was a false alarm.

    Returns:
        To be applied to the logits of these scores; nothing where there are too few hits or false
        alarms, where no false alarm scores above a hit, or where hits score lower.
    """
    if min(hits.sum(), (~hits).sum()) < MIN_EACH:
        return None
    solution = _newton(logits(scores), hits.astype(np.float64))
    if solution is None or solution[0] <= 0:
        return None
    slope, shift = solution
    try:
        return Calibration(temperature=1 / slope, offset=-shift / slope)
    except ValueError:  # as steep as a step: hits and false alarms do not overlap
        return None


def logits(scores: FloatArray) -> NDArray[np.float64]:
    """(D,) of scores; those that are certain come near infinity."""
    inside = np.clip(scores.astype(np.float64), _NEAREST, 1 - _NEAREST)
    result: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return result


def _newton(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float] | None:
    """Slope and shift of the logistic regression of y on x; nothing where it has no end.

    The likelihood is concave: a step that would lower it is halved until it does not.
    """
    slope, shift = 1.0, 0.0
    loss = _loss(x, y, slope, shift)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(slope * x + shift, -500, 500)))
        error, spread = chance - y, chance * (1 - chance)
        gradient = np.array([(error * x).sum(), error.sum()])
        cross = (spread * x).sum()
        curvature = np.array([[(spread * x * x).sum(), cross], [cross, spread.sum()]])
        if np.linalg.det(curvature) <= _CLOSE * curvature[0, 0] * curvature[1, 1]:
            return None
        step = np.linalg.solve(curvature, gradient)
        while (after := _loss(x, y, slope - step[0], shift - step[1])) > loss:
            step /= 2
            if np.abs(step).max() < _CLOSE:
                return slope, shift
        slope, shift = float(slope - step[0]), float(shift - step[1])
        if loss - after < _CLOSE:
            return slope, shift
        loss = after
    return None


def _loss(x: NDArray[np.float64], y: NDArray[np.float64], slope: float, shift: float) -> float:
    """Negative log likelihood."""
    z = slope * x + shift
    return float((np.logaddexp(0, z) - y * z).sum())


def halves(samples: Sequence[Sample], ranking: Ranking) -> IntArray | None:
    """0 or 1 for each of N images, so that the images of a drive stay together.

    The drives with most detections are dealt first, each to the half that has fewer.

    Returns:
        (N,), or nothing where all images are of one drive.
    """
    keys = [_drive(sample, index) for index, sample in enumerate(samples)]
    detections = np.bincount(ranking.images, minlength=len(samples))
    weight: dict[tuple[str, str], int] = {}
    for key, count in zip(keys, detections.tolist(), strict=True):
        weight[key] = weight.get(key, 0) + count
    if len(weight) < 2:
        return None
    side, totals = {}, [0, 0]
    for key in sorted(weight, key=lambda key: (-weight[key], key)):
        side[key] = int(totals[1] < totals[0])
        totals[side[key]] += weight[key]
    return np.array([side[key] for key in keys], np.intp)


def _drive(sample: Sample, index: int) -> tuple[str, str]:
    """What an image is drawn with: its drive, or itself where none is known."""
    sequence = sample.attributes.get("sequence") or f"image {index}"
    return sample.attributes.get("source", ""), sequence


def cross_fitted(samples: Sequence[Sample], ranking: Ranking) -> FloatArray | None:
    """(D,) the scores of a ranking, those of each half as the fit of the other makes them.

    Returns:
        Not in order any more; nothing where one of the halves cannot be fitted.
    """
    side_of_image = halves(samples, ranking)
    if side_of_image is None:
        return None
    side = side_of_image[ranking.images]
    scores = np.empty_like(ranking.scores)
    for half in (0, 1):
        fitted = fit_calibration(ranking.scores[side != half], ranking.hits[side != half])
        if fitted is None:
            return None
        mine = logits(ranking.scores[side == half]).astype(np.float32)
        scores[side == half] = fitted.scores(mine, "logit")
    return scores
