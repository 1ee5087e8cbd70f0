"""Which class is the person, and by whose names."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.errors import UsageError
from export.class_names import COCO, choose_person
from tests.export.foreign import write_names

ULTRALYTICS = {"names": "{0: 'car', 1: 'Person', 2: 'dog'}"}


def test_cocos_order_is_taken_where_there_are_80_classes() -> None:
    person = choose_person("person", 80, {}, None)
    assert (person.index, person.name) == (0, "person")
    assert "COCO" in person.source
    assert len(set(COCO)) == 80
    assert choose_person("toothbrush", 80, {}, None).index == 79


def test_the_names_in_the_file_go_before_cocos() -> None:
    person = choose_person("person", 3, ULTRALYTICS, None)
    assert (person.index, person.name) == (1, "Person")
    assert "metadata" in person.source


def test_the_names_given_go_before_all(tmp_path: Path) -> None:
    names = write_names(tmp_path / "names.txt", ("person", "tree", "van"))
    person = choose_person("person", 3, ULTRALYTICS, names)
    assert (person.index, person.source) == (0, "names.txt")


def test_an_index_needs_no_names() -> None:
    person = choose_person("2", 3, {}, None)
    assert (person.index, person.name) == (2, "")


@pytest.mark.parametrize(
    ("wanted", "classes", "metadata", "message"),
    [
        ("pedestrian", 3, ULTRALYTICS, "one of 3 classes .car, Person, dog; from the ONNX file"),
        ("persom", 3, ULTRALYTICS, "did you mean 'Person'"),
        ("3", 3, ULTRALYTICS, "from 0 to 2, got --person 3"),
        ("-1", 3, ULTRALYTICS, "got '-1'"),
        ("person", 3, {}, "does not name them: say which is the person with --person INDEX"),
        ("person", 4, ULTRALYTICS, "expected 4 class names.* got 3"),
        ("person", 1, {"names": "rm -rf"}, "expected class names such as"),
        ("person", 1, {"names": "{1: 'person'}"}, "expected class names such as"),
        ("person", 1, {"names": "7"}, "expected class names such as"),
        ("person", 1, {"names": "(" * 5000}, "expected class names such as"),
    ],
)
def test_what_cannot_be_chosen_is_explained(
    wanted: str, classes: int, metadata: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        choose_person(wanted, classes, metadata, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "in UTF-8"),
        (b"person\n" * 20_000, "at most"),
        (b"person\ncar\n", "expected 3 class names.* got 2 from names.txt"),
    ],
)
def test_a_bad_file_of_names_is_refused(tmp_path: Path, data: bytes | None, message: str) -> None:
    path = tmp_path / "names.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match=message):
        choose_person("person", 3, {}, path)
