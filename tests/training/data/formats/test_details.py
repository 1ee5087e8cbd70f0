"""What each format says beyond boxes, and every way in which its files can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from belisha.errors import DatasetError
from tests.training.data.annotated import (
    HEIGHT,
    PERSON,
    RIDER,
    WIDTH,
    WRITERS,
    annotations,
    cvat_image,
    draw,
    dump,
    read,
    records,
    region,
    task,
    told,
    xywh,
)
from training.data.formats.annotators import only_annotator_is_truth

VISIBLE = (8.0, 4.0, 20.0, 22.0)


def coco(folder: Path, *, image: dict[str, Any] | None = None, **box: Any) -> Path:
    """A COCO file with one image and one box."""
    draw(folder / "images" / "a.png")
    size = {"width": WIDTH, "height": HEIGHT}
    entry = {"id": 1, "file_name": "a.png", **size, **(image or {})}
    person = {"id": 5, "image_id": 1, "category_id": 1, "bbox": xywh(PERSON), **box}
    categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "car"}]
    document = {"images": [entry], "annotations": [person], "categories": categories}
    dump(folder / "annotations.json", document)
    return folder


@pytest.mark.parametrize(
    ("flags", "kind", "reason"),
    [
        ({}, "person", ""),
        ({"ignore": 0, "iscrowd": 0}, "person", ""),
        ({"ignore": 1}, "dont_care", "ignore"),
        ({"iscrowd": 1}, "dont_care", "iscrowd"),
        ({"label": "sitting"}, "dont_care", "sitting"),
        ({"ignore": 1, "label": "rider"}, "dont_care", "rider"),
        ({"ignore": 1, "reason": "too small"}, "dont_care", "too small"),
    ],
)
def test_coco_flags_become_a_kind_and_a_reason(
    tmp_path: Path, flags: dict[str, Any], kind: str, reason: str
) -> None:
    (one,) = annotations("coco", coco(tmp_path, **flags))
    assert (one.kind, one.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("words", "occlusion"),
    [
        ({"vis_bbox": xywh(VISIBLE)}, 0.5),
        ({"bboxVis": xywh(VISIBLE)}, 0.5),
        ({"visible_ratio": 0.75}, 0.25),
        ({"occlusion": 0.3, "visible_ratio": 0.75}, 0.3),
        ({}, None),
    ],
)
def test_coco_says_in_several_ways_how_much_is_hidden(
    tmp_path: Path, words: dict[str, Any], occlusion: float | None
) -> None:
    (one,) = annotations("coco", coco(tmp_path, **words))
    assert one.occlusion == (None if occlusion is None else pytest.approx(occlusion))
    if "vis_bbox" in words or "bboxVis" in words:
        assert one.visible_xyxy == pytest.approx(VISIBLE)


def test_coco_keeps_what_is_known_of_an_image(tmp_path: Path) -> None:
    image = {"sequence": "s", "date_captured": "noon", "licence": "CC0", "lux": 3}
    reading = read("coco", coco(tmp_path, image=image, truncated=1, track="7"))
    (record,) = records(reading)
    assert (record.sequence, record.time, record.licence) == ("s", "noon", "CC0")
    assert reading.drafts[0].fields == {"lux": "3"}
    assert record.annotations[0].truncated is True
    assert record.annotations[0].track == "7"


def test_coco_drops_what_is_no_person_and_what_is_no_box(tmp_path: Path) -> None:
    car = read("coco", coco(tmp_path / "car", category_id=2))
    assert records(car)[0].annotations == ()
    assert told(car, "dropped", "label 'car'") == 1
    for index, (box, why) in enumerate(
        [
            ([1, 1, 0, 5], "without area"),
            ([1, 1, -3, 5], "without area"),
            ([90, 1, 5, 5], "outside the image"),
            ([1e9, 1, 5, 5], "no image has"),
        ]
    ):
        reading = read("coco", coco(tmp_path / str(index), bbox=box))
        assert told(reading, "dropped", why) == 1
    extra = read("coco", coco(tmp_path / "extra", pose=3))
    assert told(extra, "dropped", "field 'pose' of boxes") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [1, 2, 3]}, r"annotation 5 of image 1: expected bbox \[x, y, width, height\]"),
        ({"bbox": [1, 2, None, 4]}, "annotation 5 of image 1: expected a number for bbox"),
        ({"category_id": 9}, "annotation 5 of image 1: expected a listed category_id, got 9"),
        ({"image": {"width": 0}}, "image 'a.png': expected width from 1 to 65535"),
        ({"image": {"width": True}}, "image 'a.png': expected a finite number for width"),
        ({"image": {"file_name": 7}}, "image 7: expected a text for file_name"),
        ({"image": {"conditions": []}}, "image 'a.png': expected conditions by name"),
    ],
)
def test_coco_names_the_wrong_entry(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message) as error:
        read("coco", coco(tmp_path, **change))
    assert "annotations.json" in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2", "expected 'class x y width height' or an outline, got 4 words"),
        ("0 0.5 0.5 0.2 30", "are these pixels"),
        ("0 0.5 0.5 0.2 wide", "expected a number for a coordinate, got 'wide'"),
        ("4 0.5 0.5 0.2 0.2", "expected a known class, got '4'; there are 0=person, 1=rider"),
    ],
)
def test_yolo_names_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    folder = WRITERS["yolo"](tmp_path)
    dump(folder / "labels" / "a.txt", f"0 0.5 0.5 0.1 0.1\n{line}")
    with pytest.raises(DatasetError, match=message) as error:
        read("yolo", folder)
    assert "a.txt:2" in str(error.value)


def test_yolo_reads_outlines_confidences_and_lists_of_names(tmp_path: Path) -> None:
    folder = WRITERS["yolo"](tmp_path)
    dump(folder / "labels" / "a.txt", "0 0.25 0.25 0.75 0.25 0.5 0.75\n0 0.5 0.5 0.5 0.5 0.9")
    (folder / "data.yaml").unlink()
    dump(folder / "classes.txt", "person\ncar\n")
    outline, scored = annotations("yolo", folder)
    assert outline.xyxy == scored.xyxy == (16, 12, 48, 36)
    reading = read("yolo", folder)
    assert told(reading, "mapped", "outline") == told(reading, "dropped", "confidence") == 1
    assert told(reading, "mapped", "background") == 1


def test_yolo_classes_without_names_are_explained_or_refused(tmp_path: Path) -> None:
    folder = WRITERS["yolo"](tmp_path)
    (folder / "data.yaml").unlink()
    with pytest.raises(DatasetError, match=r"there are no names.*--label 0=person"):
        read("yolo", folder)
    kinds = [one.kind for one in annotations("yolo", folder, labels={"0": "person", "1": "drop"})]
    assert kinds == ["person"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nnames: [*b, *b]", "expected `names`, a list of texts"),
        ("names: {0: [person]}", "expected `names`, a list of texts"),
        ("train: images", "expected `names`, a list of texts"),
        ("names: [", "not valid YAML"),
    ],
)
def test_yolo_names_that_are_no_texts_are_refused(tmp_path: Path, text: str, message: str) -> None:
    folder = WRITERS["yolo"](tmp_path)
    dump(folder / "data.yaml", text)
    with pytest.raises(DatasetError, match=message) as error:
        read("yolo", folder)
    assert "data.yaml" in str(error.value)


def test_kitti_says_how_much_is_hidden_and_cut(tmp_path: Path) -> None:
    person, rider = annotations("kitti", WRITERS["kitti"](tmp_path))
    assert (person.occlusion, person.truncated) == (0.0, False)
    assert (rider.occlusion, rider.truncated) == (0.25, True)


def test_kitti_regions_of_dont_care_are_kept(tmp_path: Path) -> None:
    folder = WRITERS["kitti"](tmp_path)
    dump(folder / "label_2" / "a.txt", "DontCare -1 -1 -10 1 2 30 40 -1 -1 -1 -1 -1 -1 -1")
    (one,) = annotations("kitti", folder)
    assert (one.kind, one.occlusion, one.truncated) == ("dont_care", None, None)


def test_kitti_names_file_and_line(tmp_path: Path) -> None:
    folder = WRITERS["kitti"](tmp_path)
    dump(folder / "label_2" / "a.txt", "\nPedestrian 0 0")
    with pytest.raises(DatasetError, match=r"a\.txt:2: expected 15 words .* got 3"):
        read("kitti", folder)


def test_voc_counts_from_one_unless_a_box_begins_at_zero(tmp_path: Path) -> None:
    folder = WRITERS["voc"](tmp_path)
    path = folder / "Annotations" / "a.xml"
    assert annotations("voc", folder)[0].xyxy == PERSON
    path.write_text(path.read_text().replace("<xmin>31.0<", "<xmin>0<"))
    assert annotations("voc", folder)[0].xyxy == (9, 5, 20, 40)
    assert told(read("voc", folder), "mapped", "taken to count from 0") == 1


def test_voc_keeps_difficult_as_dont_care_and_occluded_as_half(tmp_path: Path) -> None:
    folder = WRITERS["voc"](tmp_path)
    path = folder / "Annotations" / "a.xml"
    flags = "<difficult>1</difficult><occluded>1</occluded><pose>Left</pose>"
    path.write_text(path.read_text().replace("<truncated>0<", f"{flags}<truncated>1<"))
    person, _ = annotations("voc", folder)
    assert (person.kind, person.reason) == ("dont_care", "difficult")
    assert (person.occlusion, person.truncated) == (0.5, True)
    assert told(read("voc", folder), "dropped", "<pose>") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>\n<object>", r"a\.xml:2: not valid XML"),
        ("<html/>", r"a\.xml:1: expected <annotation>, got <html>"),
        ("<annotation>\n<object><name>x</name></object></annotation>", r"a\.xml:2: expected <bnd"),
        ("<annotation/>", r"a\.xml:1: expected <size>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>\n<annotation>&b;</annotation>", r"a\.xml:1.*DOCTYPE"),
        ("<annotation>" * 40 + "</annotation>" * 40, "nested deeper than 30"),
        ("", "not valid XML"),
        (f"<annotation>{'x' * 1_000_001}</annotation>", "at most 1000000 characters in <annot"),
    ],
)
def test_xml_is_safe_and_its_mistakes_have_a_line(tmp_path: Path, text: str, message: str) -> None:
    folder = WRITERS["voc"](tmp_path)
    dump(folder / "Annotations" / "a.xml", text)
    with pytest.raises(DatasetError, match=message):
        read("voc", folder)


def test_citypersons_keeps_the_visible_part_the_city_and_the_identity(tmp_path: Path) -> None:
    folder = WRITERS["citypersons"](tmp_path)
    (first, _) = records(read("citypersons", folder))
    person, rider = first.annotations
    assert (person.visible_xyxy, person.occlusion) == (VISIBLE, 0.5)
    assert (rider.occlusion, rider.track) == (0.0, "25001")
    assert (first.sequence, first.name) == ("ulm", "train/ulm/ulm_a_leftImg8bit.png")


def test_eurocity_keeps_tags_light_and_city(tmp_path: Path) -> None:
    folder = WRITERS["eurocity"](tmp_path)
    reading = read("eurocity", folder)
    first, _ = records(reading)
    person, rider = first.annotations
    assert (person.occlusion, person.truncated) == (0.4, True)
    assert (rider.occlusion, rider.truncated) == (0.0, False)
    assert (first.sequence, first.conditions) == ("ulm", {"light": "night"})
    assert told(reading, "dropped", "label 'bicycle'") == 1, "a child of the rider"


def test_cvat_attributes_polygons_and_other_shapes(tmp_path: Path) -> None:
    folder = WRITERS["cvat"](tmp_path)
    attributes = '<attribute name="ignore">true</attribute><attribute name="hat">red</attribute>'
    box = '<box label="person" occluded="1" xtl="1" ytl="2" xbr="9" ybr="30">'
    shapes = f'{box}{attributes}</box><polygon label="person" points="1,2;9,4;5,30"/><points/>'
    image = cvat_image("a.png").replace("</image>", f"{shapes}</image>")
    dump(folder / "annotations.xml", f"<annotations>{image}</annotations>")
    first, second = annotations("cvat", folder)
    assert first.xyxy == second.xyxy == (1, 2, 9, 30)
    assert (first.kind, first.reason, first.occlusion) == ("dont_care", "ignore", 0.5)
    reading = read("cvat", folder)
    assert told(reading, "dropped", "attribute 'hat'") == told(reading, "dropped", "<points>") == 1


def test_cvat_video_tracks_become_frames_with_identities(tmp_path: Path) -> None:
    for number in range(3):
        draw(tmp_path / "images" / f"frame_{number:06}.png", 60 + number)
    corners = 'xtl="1" ytl="2" xbr="9" ybr="30" occluded="0"'
    boxes = f'<box frame="0" outside="0" {corners}/><box frame="1" outside="1" {corners}/>'
    lost = f'<box frame="9" outside="0" {corners}/>'
    text = f'<annotations><track id="4" label="person">{boxes}{lost}</track></annotations>'
    dump(tmp_path / "annotations.xml", text)
    reading = read("cvat", tmp_path)
    assert [len(record.annotations) for record in records(reading)] == [1, 0, 0]
    assert records(reading)[0].annotations[0].track == "4"
    assert told(reading, "dropped", "frame without a picture") == 1


def test_cvat_never_leaves_the_folder_of_images(tmp_path: Path) -> None:
    folder = WRITERS["cvat"](tmp_path / "set")
    draw(tmp_path / "outside.png")
    image = cvat_image("../../outside.png") + cvat_image("a.png")
    dump(folder / "annotations.xml", f"<annotations>{image}</annotations>")
    reading = read("cvat", folder)
    assert [record.name for record in records(reading)] == ["a.png"]


def test_cvat_files_of_several_annotators_are_kept_apart(tmp_path: Path) -> None:
    folder = WRITERS["cvat"](tmp_path)
    (folder / "annotations.xml").unlink()
    for who, box in (("ada", PERSON), ("bob", RIDER)):
        image = cvat_image("a.png", ("person", box)) + cvat_image("b.png")
        dump(folder / who / "annotations.xml", f"<annotations>{image}</annotations>")
    first, second = records(read("cvat", folder))
    assert {one.annotator: one.xyxy for one in first.annotations} == {"ada": PERSON, "bob": RIDER}
    assert second.annotators == ("ada", "bob"), "who found nobody has answered as well"


def test_label_studio_keeps_annotators_apart(tmp_path: Path) -> None:
    folder = WRITERS["label_studio"](tmp_path)
    ada = {"id": 3, "email": "ada@example.org"}
    answers = [(ada, [region("person", PERSON)]), (7, []), (8, [region("person", RIDER)])]
    dump(folder / "tasks.json", [task("a.png", *answers)])
    (record,) = records(read("label_studio", folder))
    assert record.annotators == ("7", "8", "ada@example.org")
    boxes = {one.annotator: one.xyxy for one in record.annotations}
    assert boxes["ada@example.org"] == pytest.approx(PERSON)
    assert boxes["8"] == pytest.approx(RIDER)


def test_label_studio_ground_truth_settles_an_image(tmp_path: Path) -> None:
    folder = WRITERS["label_studio"](tmp_path)
    one = task("a.png", (1, [region("person", PERSON)]), (2, [region("person", RIDER)]))
    one["annotations"][0]["ground_truth"] = True
    dump(folder / "tasks.json", [one])
    (record,) = records(read("label_studio", folder))
    assert record.annotators == ()
    assert [box.annotator for box in record.annotations] == ["", "2"]


def test_label_studio_flags_turns_and_skipped_answers(tmp_path: Path) -> None:
    folder = WRITERS["label_studio"](tmp_path)
    choices = {"id": "person", "type": "choices", "from_name": "ignore"}
    flagged = [region("person", PERSON), {**choices, "value": {"choices": ["yes"]}}]
    one = task("a.png", (1, flagged), (2, [region("rider", RIDER, rotation=90)]))
    one["annotations"].append({"completed_by": 3, "result": [], "was_cancelled": True})
    one["predictions"] = [{"score": 0.5}]
    dump(folder / "tasks.json", [one])
    reading = read("label_studio", folder)
    first, turned = records(reading)[0].annotations
    assert (first.kind, first.reason) == ("dont_care", "ignore")
    assert turned.xyxy == pytest.approx((30 - 34, 10, 30, 30))
    assert told(reading, "mapped", "turned box") == 1
    assert told(reading, "dropped", "skipped") == told(reading, "dropped", "predictions") == 1


def test_a_single_annotator_is_taken_as_the_truth_and_told(tmp_path: Path) -> None:
    reading = only_annotator_is_truth(read("label_studio", WRITERS["label_studio"](tmp_path)))
    assert {record.annotators for record in records(reading)} == {()}
    assert {box.annotator for box in records(reading)[0].annotations} == {""}
    assert told(reading, "mapped", "only annotator") == 2


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "expected a list of tasks"),
        ([5], "task 0: expected a list of annotations"),
        ([{"id": 9, "data": {}, "annotations": []}], "task 9: expected data with the address"),
        ([task("a.png", (None, []))], "expected completed_by to name the annotator"),
        ([task("a.png", (1, [{"value": 3}]))], "expected results with a value"),
        ([task("a.png", (1, [{**region("x", PERSON), "original_width": 0}]))], "original|width"),
    ],
)
def test_label_studio_names_the_task(tmp_path: Path, document: Any, message: str) -> None:
    folder = WRITERS["label_studio"](tmp_path)
    dump(folder / "tasks.json", document)
    with pytest.raises(DatasetError, match=message) as error:
        read("label_studio", folder)
    assert "tasks.json" in str(error.value)
