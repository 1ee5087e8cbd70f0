"""Do scores say what is true? Of a hundred detections scored .7, are seventy people?

ECE, the expected calibration error (Naeini et al. 2015), in bins that hold equally many detections:
bins of equal width are nearly empty where a detector is sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, FloatArray, IntArray
from belisha.calibration import Calibration
from training.data.coco import Sample
from training.evaluation.bootstrap import Resampling, draw, units
from training.evaluation.measurement import Estimate, estimated, why_no_interval
from training.evaluation.ranking import Ranking
from training.evaluation.score_fit import cross_fitted, fit_calibration

BINS = 15
_ROWS = 500
"""Resamples at a time."""


@dataclass(frozen=True)
class Bin:
    """Detections of about one score.

    Attributes:
        detections: how many.
        score: their mean.
        precision: share of hits among them.
    """

    detections: int
    score: float
    precision: float


@dataclass(frozen=True)
class Reliability:
    """How far scores are from what is true.

    Attributes:
        bins: lowest scores first.
        ece: mean distance of score and precision over the detections.
        noise: the ECE to be expected of as many detections whose scores are exactly true.
    """

    bins: tuple[Bin, ...]
    ece: Estimate
    noise: float


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a detector's scores say, as they are and as they would be after a fit.

    The surest detections, as many as there are people, are looked at apart: most detections from
    the least score on are nothing, and of those every detector is sure enough.

    Attributes:
        all, surest: as the detector says them.
        fitted: the calibration that all of these data would have, on top of what there is.
        all_fitted, surest_fitted: cross-fitted, that is, each half of the drives with the fit of
            the other half; nothing where that cannot be.
    """

    all: Reliability
    surest: Reliability
    fitted: Calibration | None
    all_fitted: Reliability | None
    surest_fitted: Reliability | None


def look_at_scores(samples: Sequence[Sample], ranking: Ranking, resampling: Resampling) -> Scores:
    """Reliability of a ranking of N images, before and after a fit."""
    surest = np.arange(len(ranking.scores)) < ranking.people.sum()
    everything = np.ones_like(surest)
    crosswise = cross_fitted(samples, ranking)

    def look(scores: FloatArray, chosen: BoolArray) -> Reliability:
        counted = _Counted(scores[chosen], ranking.hits[chosen], ranking.images[chosen])
        return _reliability(counted, samples, resampling)

    return Scores(
        all=look(ranking.scores, everything),
        surest=look(ranking.scores, surest),
        fitted=fit_calibration(ranking.scores, ranking.hits),
        all_fitted=None if crosswise is None else look(crosswise, everything),
        surest_fitted=None if crosswise is None else look(crosswise, surest),
    )


@dataclass(frozen=True, eq=False)
class _Counted:
    """(D,) detections in any order."""

    scores: FloatArray
    hits: BoolArray
    images: IntArray


def _reliability(
    detections: _Counted, samples: Sequence[Sample], resampling: Resampling
) -> Reliability:
    """The bins are those of the data as they are, in all resamples."""
    order = np.argsort(detections.scores, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    bins = tuple(
        Bin(
            len(part),
            float(detections.scores[part].mean(dtype=np.float64)),
            float(detections.hits[part].mean()),
        )
        for part in parts
    )
    gaps, counts = (np.zeros((len(samples), len(parts))) for _ in range(2))
    for column, part in enumerate(parts):
        distance = detections.scores[part] - detections.hits[part].astype(np.float64)
        np.add.at(gaps[:, column], detections.images[part], distance)
        np.add.at(counts[:, column], detections.images[part], 1.0)
    drawn = [
        _ece(weights @ gaps, weights @ counts)
        for weights in draw(units(samples, resampling.group), resampling, _ROWS)
    ]
    value = float(_ece(gaps.sum(axis=0), counts.sum(axis=0)))
    no_interval = why_no_interval(samples, resampling)
    ece = estimated(value, np.concatenate(drawn), "no detection", no_interval)
    return Reliability(bins, ece, _noise(bins))


def _ece(gaps: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., B) summed differences of score and truth, and detections -> (...) ECE."""
    total = counts.sum(axis=-1)
    apart = np.abs(gaps).sum(axis=-1)
    ece: NDArray[np.float64] = np.divide(
        apart, total, out=np.full(np.shape(total), np.nan), where=total > 0
    )
    return ece


def _noise(bins: Sequence[Bin]) -> float:
    """Mean distance of a binomial share from its expectation, over all bins."""
    total = sum(one.detections for one in bins)
    spread = sum(np.sqrt(one.detections * one.score * (1 - one.score)) for one in bins)
    return float(np.sqrt(2 / np.pi) * spread / max(total, 1))
