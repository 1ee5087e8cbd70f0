"""Detections measured against the truth, with the uncertainty of every figure.

boxes by image -> ranking by height -> average precision, miss rate, operating point
                        |                        each with an interval
               resamples of the images
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import Boxes
from belisha.errors import UsageError
from training.data.coco import Dataset, Sample
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import Resampling, draw, interval, units
from training.evaluation.coco_precision import CocoPrecision, coco_precision
from training.evaluation.miss_rate import log_average_miss_rate
from training.evaluation.operating_point import operating_point
from training.evaluation.ranking import Ranking, Weights, every_image_once, rank, tally

MIN_HEIGHTS = (0.0, 20.0, 30.0, 50.0)
"""People of at least these heights in pixels are asked for, one result each; 0 is everybody."""

MIN_PEOPLE = 20
"""Figures about fewer people are marked 'not enough data'."""

_CELLS_AT_ONCE = 10_000_000
"""Bounds the memory of the bootstrap: resamples in a portion times detections."""

_NOBODY = "no people of this height"
_NOTHING_CALLED = "no detection at the threshold"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: the figure; nothing where it does not exist.
        low, high: ends of the interval; nothing where there is none.
        reason: why the value or the interval is missing.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class HeightResult:
    """What was measured on people of at least some height.

    Attributes:
        min_height: in pixels of the image; 0 for everybody.
        people: how many were asked for.
        ap50, ap50_95: average precision as COCO defines it; the second without an interval.
        miss_rate: MR-2, the log-average miss rate, over all degrees of visibility.
        precision, recall, false_positives_per_image: at the threshold.
        ranking: the detections that counted.
    """

    min_height: float
    people: int
    ap50: Estimate
    ap50_95: Estimate
    miss_rate: Estimate
    precision: Estimate
    recall: Estimate
    false_positives_per_image: Estimate
    ranking: Ranking

    @property
    def enough_data(self) -> bool:
        """Whether there were enough people for the figures to mean something."""
        return self.people >= MIN_PEOPLE


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """A detector measured on a data set.

    Attributes:
        dataset: what it was measured on.
        detections: by image, in pixels of the image, from the detector's own least score upwards.
        threshold: score from which a detection counted for precision and recall.
        resampling: what the intervals come from.
        results: by height, in the order asked for.
    """

    dataset: Dataset
    detections: tuple[Boxes, ...]
    threshold: float
    resampling: Resampling
    results: tuple[HeightResult, ...]


class _Figures(NamedTuple):
    """The figures of one height in R resamples, (R,) each; NaN where one does not exist."""

    ap50: NDArray[np.float64]
    miss_rate: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    false_positives_per_image: NDArray[np.float64]


def measure(
    dataset: Dataset,
    detections: Sequence[Boxes],
    *,
    threshold: float,
    min_heights: Sequence[float],
    resampling: Resampling,
) -> Evaluation:
    """Measure detections that are already there.

    The values of average precision come from faster-coco-eval, everything else from here.

    Args:
        dataset: N images with their truth.
        detections: by image, in pixels of the image, best first.
        threshold: score from which a detection counts for precision and recall.
        min_heights: in pixels; one result each.
        resampling: for the intervals.

    Raises:
        UsageError: an argument is wrong.
    """
    check_arguments(dataset, threshold, resampling)
    rankings = [rank(dataset.samples, detections, low) for low in min_heights]
    no_interval = why_no_interval(dataset.samples, resampling)
    results = tuple(
        _result(low, ranking, threshold, precision, drawn, no_interval)
        for low, ranking, precision, drawn in zip(
            min_heights,
            rankings,
            coco_precision(dataset.samples, detections, min_heights),
            _resampled(rankings, dataset.samples, threshold, resampling),
            strict=True,
        )
    )
    return Evaluation(
        dataset=dataset,
        detections=tuple(detections),
        threshold=threshold,
        resampling=resampling,
        results=results,
    )


def check_arguments(dataset: Dataset, threshold: float, resampling: Resampling) -> None:
    """Refuse wrong arguments of `measure`, before anything long is begun.

    Raises:
        UsageError: the threshold is out of range, or the images cannot be grouped as asked.
    """
    if not 0 < threshold < 1:
        raise UsageError(f"expected a threshold between 0 and 1, got {threshold}")
    units(dataset.samples, resampling.group)


def why_no_interval(samples: Sequence[Sample], resampling: Resampling) -> str | None:
    """Why there can be no intervals at all, or nothing if there can."""
    if resampling.count == 0:
        return "no resamples were asked for"
    if len(np.unique(units(samples, resampling.group))) < 2:
        return f"only one {resampling.group or 'image'} to draw from"
    return None


def _resampled(
    rankings: Sequence[Ranking], samples: Sequence[Sample], threshold: float, resampling: Resampling
) -> list[_Figures]:
    """The figures by height in all resamples; every height sees the same draws."""
    longest = max(len(samples), *(len(ranking.scores) for ranking in rankings))
    portions: list[list[_Figures]] = [[] for _ in rankings]
    unit_of_image = units(samples, resampling.group)
    for weights in draw(unit_of_image, resampling, max(1, _CELLS_AT_ONCE // longest)):
        for portion, ranking in zip(portions, rankings, strict=True):
            portion.append(_figures(ranking, weights, threshold))
    return [_Figures(*map(np.concatenate, zip(*portion, strict=True))) for portion in portions]


def _figures(ranking: Ranking, weights: Weights, threshold: float) -> _Figures:
    """The figures of one height in the resamples that `weights` describes."""
    counts = tally(ranking, weights)
    point = operating_point(ranking, weights, threshold)
    return _Figures(
        average_precision(counts),
        log_average_miss_rate(counts),
        point.precision,
        point.recall,
        point.false_positives_per_image,
    )


def _result(
    min_height: float,
    ranking: Ranking,
    threshold: float,
    coco: CocoPrecision,
    drawn: _Figures,
    no_interval: str | None,
) -> HeightResult:
    """Values from the data set as it is, intervals from its resamples."""
    exact = _figures(ranking, every_image_once(ranking), threshold)

    def estimate(value: float | None, draws: NDArray[np.float64], absent: str) -> Estimate:
        return estimated(value, draws, absent, no_interval)

    return HeightResult(
        min_height=min_height,
        people=int(ranking.people.sum()),
        ap50=estimate(coco.ap50, drawn.ap50, _NOBODY),
        ap50_95=estimated(coco.ap50_95, np.zeros(0), _NOBODY, "this figure is not resampled"),
        miss_rate=estimate(exact.miss_rate[0], drawn.miss_rate, _NOBODY),
        precision=estimate(exact.precision[0], drawn.precision, _NOTHING_CALLED),
        recall=estimate(exact.recall[0], drawn.recall, _NOBODY),
        false_positives_per_image=estimate(
            exact.false_positives_per_image[0], drawn.false_positives_per_image, ""
        ),
        ranking=ranking,
    )


def estimated(
    value: float | None, drawn: NDArray[np.float64], absent: str, no_interval: str | None
) -> Estimate:
    """A value with the interval of its resamples, or with the reason why one is missing."""
    if value is None or np.isnan(value):
        return Estimate(None, reason=absent)
    ends = None if no_interval else interval(drawn)
    if ends is None:
        return Estimate(float(value), reason=no_interval or "no resample has this figure")
    return Estimate(float(value), *ends)
