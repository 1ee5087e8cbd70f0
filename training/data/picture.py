"""Pictures of a data set, checked against what its annotations say."""

from __future__ import annotations

from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError
from belisha.frames import Image
from training.data.coco import Sample


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
