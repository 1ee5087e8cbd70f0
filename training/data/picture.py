"""Pictures of a data set, checked against what its annotations say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError
from belisha.frames import Image
from training.data.coco import Dataset, Sample

SUFFIXES = (".jpg", ".jpeg", ".png")
LONGEST_SIDE = 640
"""Pictures are kept for training no larger: the network sees no more, and memory is finite."""


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


def read_folder(folder: Path) -> Dataset:
    """Pictures without boxes: nothing is known of any place on them.

    Raises:
        DatasetError: there is no picture, or one is broken.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DatasetError(f"{folder}: expected pictures ({', '.join(SUFFIXES)}), got none")
    return Dataset(folder.parent.name, tuple(_unknown(path) for path in paths))


def _unknown(path: Path) -> Sample:
    """A picture that is all don't care."""
    try:
        height, width = read_picture(path).shape[:2]
    except FrameError as error:
        raise DatasetError(str(error)) from error
    whole = np.array([[0, 0, width, height]], np.float32)
    return Sample(path, width, height, whole, np.array([True]), {"file_name": path.name})


def training_size(width: int, height: int) -> tuple[int, int]:
    """Width and height at which a picture is kept for training, in pixels."""
    factor = shrinkage(width, height)
    return (round(width * factor), round(height * factor)) if factor < 1 else (width, height)


def shrinkage(width: int, height: int) -> float:
    """By what a picture's sides, and its boxes, are multiplied for training."""
    return min(1.0, LONGEST_SIDE / max(width, height))


def shrunk(image: Image) -> Image:
    """The picture at its training size."""
    height, width = image.shape[:2]
    size = training_size(width, height)
    if size == (width, height):
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
