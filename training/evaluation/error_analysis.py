"""Errors at the threshold, their causes, and what each is worth.

detector, dataset -> looks -> errors, a cause each -> AP50 that mending would give back
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from belisha.boxes import Boxes
from belisha.detector import Detector
from belisha.frames import Image
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.error_causes import ALARMS, MISSES, Error, Kind, find_errors
from training.evaluation.error_gains import Cause, ap50_given_back
from training.evaluation.looks import Look, look_closely
from training.evaluation.measurement import Estimate, Evaluation, measure


@dataclass(frozen=True, eq=False)
class ErrorAnalysis:
    """All errors of a detector on a data set.

    Attributes:
        evaluation: with the threshold, people of all heights.
        looks: by image.
        errors: image by image.
        gains: cause -> AP50 that mending it would give back.
        second: name of the detector whose opinion was asked; empty where none was.
    """

    evaluation: Evaluation
    looks: tuple[Look, ...]
    errors: tuple[Error, ...]
    gains: Mapping[Cause, Estimate]
    second: str = ""

    @property
    def people(self) -> int:
        """Who were asked for."""
        return self.evaluation.results[0].people

    def of(self, kind: Kind, cause: str) -> list[Error]:
        """The errors of a cause."""
        return [one for one in self.errors if (one.kind, one.cause) == (kind, cause)]

    def causes(self) -> list[Cause]:
        """Those that can be, misses first, in the order in which they are asked for."""
        asked = [name for name in ALARMS if self.second or name != "drawn by nobody"]
        return [*(("miss", name) for name in MISSES), *(("false alarm", name) for name in asked)]

    def by_source(self) -> dict[str, Counter[Cause]]:
        """Source of the images -> errors by cause."""
        counts: dict[str, Counter[Cause]] = {}
        for error in self.errors:
            sample = self.evaluation.dataset.samples[error.image]
            source = sample.attributes.get("source", "") or self.evaluation.dataset.name
            counts.setdefault(source, Counter())[error.kind, error.cause] += 1
        return dict(sorted(counts.items()))


def analyse_errors(
    detector: Detector,
    dataset: Dataset,
    threshold: float,
    resampling: Resampling,
    second: tuple[str, Callable[[Image], Boxes]] | None = None,
) -> ErrorAnalysis:
    """Look at a detector's errors.

    Args:
        detector: reports from `least_score` on.
        dataset: images and their truth.
        threshold: a score.
        resampling: for intervals.
        second: name and eyes of another detector, asked where nobody drew a person.

    Raises:
        DatasetError: an image is missing, broken, or not of the size that the data set says.
        EngineError: a detector does not run.
        UsageError: the threshold or the resampling is wrong.
    """
    looks = look_closely(detector, dataset, threshold, second[1] if second else None)
    detections = [look.detections for look in looks]
    errors = find_errors(dataset.samples, looks, threshold)
    evaluation = measure(
        dataset, detections, threshold=threshold, min_heights=(0.0,), resampling=resampling
    )
    gains = ap50_given_back(dataset.samples, detections, errors, threshold, resampling)
    return ErrorAnalysis(evaluation, looks, errors, gains, second[0] if second else "")
