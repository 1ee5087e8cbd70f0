"""The one evaluation: any detector on any data set.

detector, dataset -> boxes by image -> `training.evaluation.measurement` -> Evaluation
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tqdm import tqdm

from belisha.boxes import Boxes
from belisha.calibration import Calibration
from belisha.frames import Image
from training.data.coco import Dataset
from training.data.picture import read_image
from training.evaluation.bootstrap import Resampling
from training.evaluation.coco_precision import MAX_DETECTIONS
from training.evaluation.measurement import MIN_HEIGHTS, Evaluation, check_arguments, measure

LEAST_SCORE = 0.01
"""The score of a network's own from which it should report for an evaluation: the ends of the
curves need boxes far below the threshold at which a car would use them."""


def least_score(calibration: Calibration) -> float:
    """`LEAST_SCORE` as a calibrated detector says it: the same boxes are measured either way."""
    return calibration.score_of(LEAST_SCORE)


def evaluate(
    detector: Callable[[Image], Boxes],
    dataset: Dataset,
    *,
    threshold: float,
    min_heights: Sequence[float] = MIN_HEIGHTS,
    resampling: Resampling | None = None,
) -> Evaluation:
    """Run a detector on a data set and measure it.

    Args:
        detector: (H, W, 3) uint8 BGR -> boxes in pixels of that image, best first; it should
            report from `least_score` upwards.
        dataset: images and their truth.
        threshold: score from which a detection counts for precision and recall.
        min_heights: in pixels; one result each.
        resampling: for the intervals; 1000 resamples of single images if absent.

    Raises:
        DatasetError: an image is missing, broken, or not of the size that the data set says.
        UsageError: an argument is wrong.
    """
    resampling = resampling or Resampling()
    check_arguments(dataset, threshold, resampling)
    return measure(
        dataset,
        detect(detector, dataset),
        threshold=threshold,
        min_heights=min_heights,
        resampling=resampling,
    )


def detect(detector: Callable[[Image], Boxes], dataset: Dataset) -> tuple[Boxes, ...]:
    """The detector's best boxes on each image; progress goes to stderr where a person watches."""
    images = tqdm(dataset.samples, desc="evaluate", unit="image", leave=False, disable=None)
    return tuple(detector(read_image(sample))[:MAX_DETECTIONS] for sample in images)
