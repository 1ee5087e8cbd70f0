"""Reading COCO's JSON: people, don't-care regions, and every way in which a file can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from belisha.errors import BelishaError, DatasetError, UsageError
from tests.training.evaluation.truth import write_coco
from training.data.coco import Dataset, read_coco

IMAGE = {"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}
PERSON = {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 10]}


def read(folder: Path, images: list[Any], annotations: list[Any]) -> Dataset:
    return read_coco(write_coco(folder, images, annotations))


def test_boxes_come_as_corners_with_their_image(tmp_path: Path) -> None:
    other = {**IMAGE, "id": 8, "file_name": "b.jpg"}
    data = read(tmp_path, [IMAGE, other], [PERSON])
    first, second = data.samples
    assert (first.name, first.width, first.height) == ("a.jpg", 64, 48)
    assert first.xyxy.tolist() == [[1, 2, 4, 12]]
    assert first.xyxy.dtype == np.float32
    assert second.xyxy.shape == (0, 4)
    assert (len(data), data.name) == (2, tmp_path.name)


@pytest.mark.parametrize(
    ("flags", "dont_care"),
    [
        ({}, False),
        ({"ignore": 0, "iscrowd": 0}, False),
        ({"ignore": 1}, True),
        ({"iscrowd": 1}, True),
        ({"ignore": 1, "iscrowd": 0}, True),
    ],
)
def test_ignore_and_iscrowd_both_mean_dont_care(
    tmp_path: Path, flags: dict[str, int], dont_care: bool
) -> None:
    (sample,) = read(tmp_path, [IMAGE], [{**PERSON, **flags}]).samples
    assert sample.dont_care.tolist() == [dont_care]
    assert len(sample.people) == (0 if dont_care else 1)


def test_pictures_lie_in_images_or_beside_the_json(tmp_path: Path) -> None:
    (beside,) = read(tmp_path / "flat", [IMAGE], []).samples
    assert beside.path == tmp_path / "flat" / "a.jpg"
    (tmp_path / "deep" / "images").mkdir(parents=True)
    (within,) = read(tmp_path / "deep", [IMAGE], []).samples
    assert within.path == tmp_path / "deep" / "images" / "a.jpg"


def test_a_folder_or_its_json_file_may_be_named(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, [IMAGE], [PERSON])
    assert read_coco(folder).fingerprint == read_coco(folder / "annotations.json").fingerprint


def test_everything_else_about_an_image_is_an_attribute(tmp_path: Path) -> None:
    (sample,) = read(tmp_path, [{**IMAGE, "sequence": "north", "lux": 12}], []).samples
    assert (sample.attributes["sequence"], sample.attributes["lux"]) == ("north", "12")


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        ({}, True),
        ({"bbox": [1, 2, 3, 10.5]}, False),
        ({"ignore": 1}, False),
        ({"score": 0.5}, True),  # not part of the truth
    ],
)
def test_the_fingerprint_is_that_of_the_truth(
    tmp_path: Path, change: dict[str, Any], equal: bool
) -> None:
    first = read(tmp_path / "first", [IMAGE], [PERSON])
    second = read(tmp_path / "second", [IMAGE], [{**PERSON, **change}])
    assert (first.fingerprint == second.fingerprint) is equal


DRIVES = [
    {**IMAGE, "id": 1, "file_name": "train_1.jpg", "sequence": "north", "time": "day"},
    {**IMAGE, "id": 2, "file_name": "val_1.jpg", "sequence": "south", "time": "dusk"},
    {**IMAGE, "id": 3, "file_name": "val_2.jpg", "sequence": "south"},
]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], ["train_1.jpg", "val_1.jpg", "val_2.jpg"]),
        (["sequence=south"], ["val_1.jpg", "val_2.jpg"]),
        (["sequence!=south"], ["train_1.jpg"]),
        (["file_name=val_*"], ["val_1.jpg", "val_2.jpg"]),
        (["file_name=*_1.jpg", "sequence=south"], ["val_1.jpg"]),
        (["time=day"], ["train_1.jpg"]),
        (["time!=day"], ["val_1.jpg", "val_2.jpg"]),  # unknown is not day
    ],
)
def test_select_keeps_what_meets_all_conditions(
    tmp_path: Path, conditions: list[str], expected: list[str]
) -> None:
    chosen = read(tmp_path, DRIVES, []).select(conditions)
    assert [sample.name for sample in chosen.samples] == expected
    assert chosen.name == " ".join([tmp_path.name, *conditions])


@pytest.mark.parametrize(
    ("condition", "error", "message"),
    [
        ("sequence", UsageError, "expected attribute=pattern or attribute!=pattern"),
        ("=south", UsageError, "expected attribute=pattern or attribute!=pattern"),
        ("weather=fog", UsageError, "has 'weather'; they have"),
        ("sequence=east", DatasetError, "no image of .* meets"),
    ],
)
def test_a_condition_that_cannot_be_met_is_an_error(
    tmp_path: Path, condition: str, error: type[BelishaError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(tmp_path, DRIVES, []).select([condition])


@pytest.mark.parametrize(
    ("images", "annotations", "message"),
    [
        ([], [], "it lists no images"),
        ([{"id": 1, "file_name": "a.jpg"}], [], "image a.jpg: KeyError"),
        ([{**IMAGE, "width": 0}], [], "expected a size of at least 1x1, got 0x48"),
        ([{**IMAGE, "width": "wide"}], [], "image a.jpg"),
        ([{"id": 1, "width": 3, "height": 3}], [], "file_name"),
        ([IMAGE, IMAGE], [PERSON], "the image id 7 stands twice"),
        ([7], [], "image 7"),
        ([IMAGE], [{**PERSON, "image_id": 99}], r"annotations of unknown images: \['99'\]"),
        ([IMAGE], [{"id": 1, "bbox": [1, 2, 3, 4]}], "has no image_id"),
        ([IMAGE], [5], "annotation 5 has no image_id"),
        ([IMAGE], [{"image_id": 7}], "image a.jpg: KeyError.*bbox"),
        ([IMAGE], [{**PERSON, "bbox": [1, 2, -3, 4]}], "negative side"),
        ([IMAGE], [{**PERSON, "bbox": [1, 2, None, 4]}], "image a.jpg"),
        ([IMAGE], [{**PERSON, "bbox": [1, 2, 3]}], r"expected a bbox \[x, y, width, height\]"),
        ([IMAGE], [{**PERSON, "bbox": [1, 2, 3]}] * 4, r"expected a bbox"),
        ([IMAGE], [{**PERSON, "bbox": [1, 2, 3, 4] * 2}], r"expected a bbox"),
        ([IMAGE], [{**PERSON, "bbox": [1, 2, 1e999, 4]}], "Infinity"),
    ],
)
def test_a_wrong_entry_is_named(
    tmp_path: Path, images: list[Any], annotations: list[Any], message: str
) -> None:
    with pytest.raises(DatasetError, match=message) as error:
        read(tmp_path, images, annotations)
    assert "annotations.json" in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a folder with annotations.json and images/, or a COCO JSON file"),
        ("", "not valid JSON"),
        ('{"images": [', "not valid JSON"),
        ('{"images": [], "images": []}', "the key 'images' stands twice"),
        ("[]", "expected COCO's list 'images'"),
        ('{"images": []}', "expected COCO's list 'annotations'"),
        ('{"images": {}, "annotations": []}', "expected COCO's list 'images'"),
    ],
)
def test_a_file_that_is_not_coco_is_named(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "annotations.json").write_text(content)
    with pytest.raises(DatasetError, match=message) as error:
        read_coco(tmp_path)
    assert "annotations.json" in str(error.value)


def test_more_than_one_category_is_refused_because_cars_are_not_people(tmp_path: Path) -> None:
    path = write_coco(tmp_path, [IMAGE], [PERSON]) / "annotations.json"
    document = json.loads(path.read_text())
    document["categories"].append({"id": 2, "name": "car"})
    path.write_text(json.dumps(document))
    with pytest.raises(DatasetError, match="expected one category, people; got person, car"):
        read_coco(path)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "images", "people", "regions"),
    [
        ("camvid", 429, 1291, 653),
        ("cityscapes_p2p", 2289, 12302, 13907),
        ("idd_lite", 1502, 1302, 5069),
        ("inria", 614, 1240, 0),
    ],
)
def test_real_data_sets_hold_what_their_description_says(
    shared: Path, name: str, images: int, people: int, regions: int
) -> None:
    samples = read_coco(shared / "data" / name).samples
    assert len(samples) == images
    assert sum(len(sample.people) for sample in samples) == people
    assert sum(int(sample.dont_care.sum()) for sample in samples) == regions
    assert all(sample.path.is_file() for sample in samples)
