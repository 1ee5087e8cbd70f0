"""The one evaluation runs any callable on the pictures of a data set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.boxes import Boxes
from belisha.errors import DatasetError, UsageError
from belisha.frames import Image
from tests.training.evaluation.truth import boxes, standing, write_coco
from training.data.coco import Dataset, read_coco
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import evaluate

PERSON = standing(60)


def brightest_box(image_bgr: Image) -> Boxes:
    """A detector of one white person."""
    rows, columns = np.nonzero(image_bgr.min(axis=2) > 200)
    if len(rows) == 0:
        return Boxes.empty()
    left, top = columns.min(), rows.min()
    return boxes(((left, top, columns.max() + 1, rows.max() + 1), 0.9))


@pytest.fixture
def street(tmp_path: Path) -> Dataset:
    """Two pictures with one white person each; the second is not annotated."""
    image = np.full((240, 320, 3), 30, np.uint8)
    left, top, right, bottom = map(int, PERSON)
    image[top:bottom, left:right] = 255
    for name in ("a.png", "b.png"):
        assert cv2.imwrite(str(tmp_path / name), image)
    images = [
        {"id": 1, "file_name": "a.png", "width": 320, "height": 240},
        {"id": 2, "file_name": "b.png", "width": 320, "height": 240},
    ]
    people = [{"id": 1, "image_id": 1, "bbox": [left, top, right - left, bottom - top]}]
    return read_coco(write_coco(tmp_path, images, people))


def test_a_detector_is_any_callable_from_picture_to_boxes(street: Dataset) -> None:
    evaluation = evaluate(
        brightest_box, street, threshold=0.5, min_heights=(0.0,), resampling=Resampling(count=20)
    )
    (result,) = evaluation.results
    assert (result.recall.value, result.precision.value) == (1, 0.5)
    assert [len(found) for found in evaluation.detections] == [1, 1]


def test_only_the_best_100_detections_of_an_image_count(street: Dataset) -> None:
    many = boxes(*((standing(60), 1 - index / 200) for index in range(150)))
    evaluation = evaluate(
        lambda _: many, street, threshold=0.1, min_heights=(0.0,), resampling=Resampling(count=0)
    )
    assert [len(found) for found in evaluation.detections] == [100, 100]


@pytest.mark.parametrize(
    ("threshold", "group", "message"),
    [
        (1.2, None, "expected a threshold between 0 and 1, got 1.2"),
        (0.5, "sequence", "expected an attribute 'sequence' in every image"),
    ],
)
def test_wrong_arguments_fail_before_the_detector_runs(
    street: Dataset, threshold: float, group: str | None, message: str
) -> None:
    def never(image_bgr: Image) -> Boxes:
        raise AssertionError("the detector ran")

    with pytest.raises(UsageError, match=message):
        evaluate(never, street, threshold=threshold, resampling=Resampling(group=group))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"b\.png: cannot be read: No such file"),
        (b"", r"b\.png: the file is empty"),
        (b"junk", r"b\.png: expected a picture, got 4 bytes"),
        (
            cv2.imencode(".png", np.zeros((24, 32, 3), np.uint8))[1].tobytes(),
            r"b\.png: expected 320x240 pixels as the annotations say, got 32x24",
        ),
    ],
)
def test_a_picture_that_cannot_be_used_is_named(
    street: Dataset, content: bytes | None, message: str
) -> None:
    picture = street.samples[1].path
    picture.unlink()
    if content is not None:
        picture.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        evaluate(brightest_box, street, threshold=0.5)
