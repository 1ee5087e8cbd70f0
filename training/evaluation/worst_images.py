"""Which images went wrong most, and what went wrong on them."""

from __future__ import annotations

from dataclasses import dataclass

from belisha.boxes import BoolArray, Boxes, FloatArray
from belisha.matching import match
from training.data.coco import Sample
from training.evaluation.measurement import Evaluation
from training.evaluation.ranking import heights


@dataclass(frozen=True, eq=False)
class ImageVerdict:
    """What a detector made of one image, at the threshold, people of all heights.

    Attributes:
        sample: the image and its truth.
        found: (M,) true where a box of the truth was taken by a detection.
        hits, false_alarms: detections that count.
        excused: detections in a don't-care region.
    """

    sample: Sample
    found: BoolArray
    hits: Boxes
    false_alarms: Boxes
    excused: Boxes

    @property
    def found_people(self) -> FloatArray:
        """(K, 4) boxes of the people who were found."""
        return self.sample.xyxy[self.found & ~self.sample.dont_care]

    @property
    def missed_people(self) -> FloatArray:
        """(K, 4) boxes of the people who were missed."""
        return self.sample.xyxy[~self.found & ~self.sample.dont_care]

    @property
    def badness(self) -> float:
        """Summed height of misses and false alarms, in heights of the image.

        A near person missed is worse than a far one, and so is a large false alarm.
        """
        wrong = heights(self.missed_people).sum() + heights(self.false_alarms.xyxy).sum()
        return float(wrong) / self.sample.height


def worst_images(evaluation: Evaluation, count: int) -> tuple[ImageVerdict, ...]:
    """The `count` images with the greatest `ImageVerdict.badness`, worst first.

    Fewer where fewer have an error; equal ones stay in the order of the data set.
    """
    verdicts = (
        judge(sample, boxes, evaluation.threshold)
        for sample, boxes in zip(evaluation.dataset.samples, evaluation.detections, strict=True)
    )
    wrong = [verdict for verdict in verdicts if verdict.badness > 0]
    return tuple(sorted(wrong, key=lambda verdict: -verdict.badness)[:count])


def judge(sample: Sample, detections: Boxes, threshold: float) -> ImageVerdict:
    """Match the detections from `threshold` upwards with the truth of their image."""
    called = detections[detections.scores >= threshold]
    matches = match(called, sample.xyxy, dont_care=sample.dont_care)
    return ImageVerdict(
        sample,
        matches.found,
        called[matches.hits],
        called[matches.false_alarms],
        called[matches.ignored],
    )
