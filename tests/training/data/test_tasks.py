"""Tasks: what is chosen, what is written, and that the answers come back."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import cv2
import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.errors import UsageError
from tests.training.data.people import record
from training.data.calibration_frames import calibration_frames
from training.data.formats import open_reader
from training.data.formats.reading import Options
from training.data.groups import sequence_of
from training.data.records import Record
from training.data.task_files import make_tasks, write_tasks
from training.data.tasks import choose, disagreement

BOX = (10.0, 20.0, 30.0, 60.0)


def drives(count: int = 6, frames: int = 5) -> list[Record]:
    return [
        record(f"{drive}/{frame}.png", sequence=f"{drive}", heights=[40], light="day")
        for drive in range(count)
        for frame in range(frames)
    ]


def found(*boxes: tuple[float, ...], score: float = 0.9) -> Boxes:
    return Boxes(as_xyxy(boxes), np.full(len(boxes), score, np.float32))


def test_every_drive_gives_one_image_before_any_gives_two() -> None:
    chosen = choose(drives(), 6, "random")
    assert len({sequence_of(one) for one in chosen}) == 6
    assert chosen == choose(list(reversed(drives())), 6, "random"), "whatever the order"
    assert chosen != choose(drives(), 6, "random", seed=1)


def test_what_is_rare_comes_first() -> None:
    rare = record("night", sequence="n", heights=[12], light="night")
    assert choose([*drives(), rare], 1, "holes") == (rare,)


def test_disagreement_is_unsure_or_different() -> None:
    one = record("a", heights=[40])
    agrees = found(one.annotations[0].xyxy)
    assert disagreement(one, agrees) == 0
    assert disagreement(one, Boxes.empty()) == 2
    assert disagreement(one, found(one.annotations[0].xyxy, (300, 300, 320, 350))) == 2
    unsure = Boxes(agrees.xyxy.repeat(2, 0), np.array([0.9, 0.3], np.float32))
    assert disagreement(one, unsure) == 1
    other = record("b", heights=[40])
    detections = {one.sha256: agrees, other.sha256: Boxes.empty()}
    assert choose([one, other], 1, "disagreement", detections=detections) == (other,)


def test_disagreement_needs_a_detector() -> None:
    with pytest.raises(UsageError, match="say --bundle"):
        choose(drives(), 3, "disagreement")
    with pytest.raises(UsageError, match="at least 1 image"):
        choose(drives(), 0, "random")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Tasks of three images for three annotators."""
    picture = tmp_path / "picture.png"
    assert cv2.imwrite(str(picture), np.zeros((480, 640, 3), np.uint8))
    records = drives(3, 1)
    tasks = make_tasks(records, {records[0].sha256: found(BOX)})
    out = tmp_path / "panel"
    write_tasks(out, tasks, ["ada", "ben", "cem"], lambda _: picture)
    return out


def test_answers_in_cvats_xml_come_back_annotators_apart(written: Path) -> None:
    """What CVAT exports is what it imported, and what the annotator changed."""
    answers = written / "answers"
    answers.mkdir()
    for index, name in enumerate(("ada", "ben", "cem")):
        tree = Xml.parse(written / name / "annotations.xml")
        image = tree.getroot().findall("image")[1]
        for _ in range(index):
            sides = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(str, BOX), strict=True))
            Xml.SubElement(image, "box", {"label": "person", "occluded": "0", **sides})
        tree.write(answers / f"{name}.xml")
    reading = open_reader("cvat")(answers, Options(images=written / "images"))
    first, second, third = (draft.record for draft in reading.drafts)
    assert first.annotators == second.annotators == third.annotators == ("ada", "ben", "cem")
    assert [item.annotator for item in second.annotations] == ["ben", "cem", "cem"]
    assert [item.xyxy for item in first.annotations] == [BOX] * 3, "the pre-labels"
    assert third.annotations == ()


def test_label_studio_gets_pre_labels_in_per_cent(written: Path) -> None:
    tasks = json.loads((written / "ada" / "tasks.json").read_text())
    assert len(tasks) == 3
    assert tasks[0]["data"]["image"].startswith("/data/local-files/?d=images/")
    (region,) = tasks[0]["predictions"][0]["result"]
    value = [region["value"][key] for key in ("x", "y", "width", "height")]
    assert value == pytest.approx([100 * 10 / 640, 100 * 20 / 480, 100 * 20 / 640, 100 * 40 / 480])
    answers = [
        {
            **task,
            "annotations": [
                {"completed_by": name, "result": task["predictions"][0]["result"]}
                for name in ("ada", "ben")
            ],
        }
        for task in tasks
    ]
    path = written / "answers.json"
    path.write_text(json.dumps(answers))
    reading = open_reader("label_studio")(path, Options(images=written / "images"))
    first = reading.drafts[0].record
    assert first.annotators == ("ada", "ben")
    assert np.allclose([item.xyxy for item in first.annotations], [BOX, BOX], atol=1e-3)


@pytest.mark.parametrize("names", [[], ["ada", "ada"], ["../ada"], ["images"], [".ada"]])
def test_annotators_must_differ_and_be_folders(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(UsageError, match="expected"):
        write_tasks(tmp_path, (), names, lambda _: tmp_path)


def test_calibration_frames_are_of_train_and_of_every_condition() -> None:
    night = [record(f"n{n}", sequence="n", light="night") for n in range(3)]
    records = [*drives(10, 20), *night, record("secret", light="dusk")]
    splits = {one.sha256: "train" for one in records} | {records[-1].sha256: "test"}
    chosen = calibration_frames(records, splits, 6)
    lights = [one.conditions["light"] for one in chosen]
    assert lights.count("night") == 3, "as many as of the day, though the day has 200"
    assert "dusk" not in lights
    days = [one for one in chosen if one.conditions["light"] == "day"]
    assert len({sequence_of(one) for one in days}) == 3
    assert len(calibration_frames(records, splits, 10_000)) == 203
    with pytest.raises(UsageError, match="at least 1"):
        calibration_frames(records, splits, 0)
