"""The one evaluation: any detector on any data set.

detector, dataset -> boxes by image -> `training.measurement` -> Evaluation
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tqdm import tqdm

from belisha.boxes import Boxes
from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError
from belisha.frames import Image
from training.bootstrap import Resampling
from training.coco_precision import MAX_DETECTIONS
from training.data.coco import Dataset, Sample
from training.measurement import MIN_HEIGHTS, Evaluation, check_arguments, measure

LEAST_SCORE = 0.01
"""The score from which a detector should report for an evaluation: the ends of the curves need
boxes far below the threshold at which a car would use them."""


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
            report from `LEAST_SCORE` upwards.
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


def read_image(sample: Sample) -> Image:
    """The picture of a sample, (height, width, 3) uint8 BGR.

    Raises:
        DatasetError: it is missing, broken, or not of the size that the data set says.
    """
    try:
        image = read_picture(sample.path)
    except FrameError as error:
        raise DatasetError(f"the data set lists a picture that cannot be used: {error}") from error
    height, width = image.shape[:2]
    if (width, height) != (sample.width, sample.height):
        raise DatasetError(
            f"{sample.path}: expected {sample.width}x{sample.height} pixels as the annotations "
            f"say, got {width}x{height}: boxes and picture do not belong together"
        )
    return image
