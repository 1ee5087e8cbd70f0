"""What a bundle's scores say, and from which one it reports: both settled on validation frames.

the trained network on the frames -> its detections -> a calibration -> a threshold for a rate of
false positives per image
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from belisha.boxes import Boxes
from belisha.calibration import OWN, Calibration
from belisha.manifest import Flavour, Performance, Seen, ThresholdRecord
from export.parity.sightings import SOURCE
from training.data.coco import Dataset, Sample
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import Estimate
from training.evaluation.operating_table import PointAt, at_thresholds, threshold_for
from training.evaluation.ranking import rank
from training.evaluation.reliability import Scores, look_at_scores
from training.evaluation.score_fit import logits

DEFAULT_RATE = 1.0
"""False positives per image that a threshold is chosen for: where MR-2's range of rates ends. A
driver is not told of single boxes: the service asks for several in a row at the same place, which
most false ones fail. Many others are people whom the data leave out. A person missed comes back
from neither."""
LEAST_THRESHOLD = 0.1
"""Lowest that a rate leads to: of boxes scored so, nine in ten are wrong."""
UNMEASURED_THRESHOLD = 0.4
"""Where there are no frames to choose on, and scores are the network's own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """Scores and threshold of a bundle to be.

    Attributes:
        calibration: the network's own scores where none could be fitted.
        threshold: least score to report, after calibration.
        rate: that it was chosen for; nothing where it was given.
        own: the network's own scores against the truth, and as the fit makes them, crosswise;
            nothing where there are no frames.
    """

    calibration: Calibration
    threshold: float
    rate: float | None
    own: Scores | None


def settle(
    detections: Sequence[Boxes],
    dataset: Dataset,
    resampling: Resampling,
    *,
    threshold: float | None = None,
    rate: float | None = None,
) -> Settled:
    """Fit the calibration and choose the threshold.

    Args:
        detections: of the float network by frame, its own scores, from `LEAST_SCORE` on.
        dataset: the frames with their truth.
        resampling: for intervals.
        threshold: to use, after calibration; chosen for `rate` if absent.
        rate: false positives per image, at most; `DEFAULT_RATE` if absent.
    """
    ranking = rank(dataset.samples, detections)
    own = look_at_scores(dataset.samples, ranking, resampling)
    calibration = own.fitted or OWN
    if threshold is not None:
        return Settled(calibration=calibration, threshold=threshold, rate=None, own=own)
    rate = DEFAULT_RATE if rate is None else rate
    raw = logits(ranking.scores).astype(ranking.scores.dtype)
    calibrated = replace(ranking, scores=calibration.scores(raw, "logit"))
    chosen = threshold_for(calibrated, rate, LEAST_THRESHOLD)
    return Settled(calibration=calibration, threshold=chosen, rate=rate, own=own)


def unmeasured(threshold: float | None) -> Settled:
    """Where there are no frames."""
    threshold = UNMEASURED_THRESHOLD if threshold is None else threshold
    return Settled(calibration=OWN, threshold=threshold, rate=None, own=None)


def threshold_record(
    settled: Settled,
    detections: Mapping[Flavour, Sequence[Boxes]],
    dataset: Dataset,
    resampling: Resampling,
) -> ThresholdRecord | None:
    """What each flavour does from the threshold on; nothing where there are no people.

    Args:
        settled: whose threshold.
        detections: of each flavour by frame, calibrated.
        dataset: the frames with their truth.
        resampling: for intervals.
    """
    people = sum(len(sample.people) for sample in dataset.samples)
    if not people:
        return None
    return ThresholdRecord(
        data=dataset.name,
        images=len(dataset),
        people=people,
        asked=settled.rate,
        flavours={
            flavour: _performance(figures(dataset.samples, found, settled.threshold, resampling))
            for flavour, found in detections.items()
        },
    )


def figures(
    samples: Sequence[Sample], found: Sequence[Boxes], threshold: float, resampling: Resampling
) -> PointAt:
    """Of a detector at a threshold."""
    (point,) = at_thresholds(samples, rank(samples, found), (threshold,), resampling)
    return point


def figures_by_source(
    dataset: Dataset, found: Sequence[Boxes], threshold: float, resampling: Resampling
) -> dict[str, PointAt]:
    """Source of the frames -> figures there; nothing where all are of one."""
    sources = [sample.attributes.get(SOURCE, "") for sample in dataset.samples]
    if len(set(sources)) < 2:
        return {}
    parts = {}
    for source in sorted(set(sources)):
        pairs = zip(dataset.samples, found, sources, strict=True)
        samples, boxes = zip(*(pair[:2] for pair in pairs if pair[2] == source), strict=True)
        parts[source] = figures(samples, boxes, threshold, resampling)
    return parts


def _performance(point: PointAt) -> Performance:
    return Performance(
        recall=_seen(point.recall),
        false_positives_per_image=_seen(point.false_positives_per_image),
    )


def _seen(estimate: Estimate) -> Seen:
    if estimate.value is None:
        raise RuntimeError("a figure at the threshold is missing though there are people")
    return Seen(value=estimate.value, low=estimate.low, high=estimate.high)
