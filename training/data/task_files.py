"""Tasks as files that CVAT and Label Studio import: images, pre-labels, one folder an annotator.

    OUT/ANNOTATOR/annotations.xml     CVAT, "for images 1.1": the pre-labels
    OUT/ANNOTATOR/tasks.json          Label Studio: the same as predictions
    OUT/images/                       once, hard links where the file system allows

The answers come back as CVAT's XML in one folder, a file of each annotator, or as Label Studio's
JSON, and are read by `training.data.formats`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from belisha.boxes import Boxes
from belisha.bundle import write_whole
from belisha.errors import DatasetError, UsageError
from training.data.records import Record

LABEL = "person"
IGNORE = "ignore"
"""Regions in which nobody is asked for."""


@dataclass(frozen=True)
class Task:
    """An image to annotate.

    Attributes:
        record: of the image.
        file: its name among the task's images: unique, without folders.
        drafts: boxes that the annotators begin with.
    """

    record: Record
    file: str
    drafts: Boxes


def make_tasks(records: Sequence[Record], drafts: Mapping[str, Boxes]) -> tuple[Task, ...]:
    """Tasks of records; drafts by sha256, none where there is none."""
    return tuple(
        Task(
            record,
            f"{record.sha256[:12]}_{Path(record.name).name}",
            drafts.get(record.sha256, Boxes.empty()),
        )
        for record in records
    )


def write_tasks(
    out: Path,
    tasks: Sequence[Task],
    annotators: Sequence[str],
    path_of: Callable[[str], Path],
    image_url: str = "/data/local-files/?d=images/",
) -> None:
    """Write a folder for each annotator.

    Args:
        out: folder.
        tasks: the same for everybody.
        annotators: names, which come back with the answers.
        path_of: sha256 -> file of the image.
        image_url: what Label Studio puts before the file's name.

    Raises:
        UsageError: no annotator, or a name that is no folder's.
        DatasetError: an image has gone, or the folder cannot be written.
    """
    _check(annotators)
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
        for task in tasks:
            link_file(path_of(task.record.sha256), out / "images" / task.file)
        for annotator in annotators:
            write_whole(out / annotator / "annotations.xml", cvat_xml(tasks, annotator))
            write_whole(out / annotator / "tasks.json", label_studio_json(tasks, image_url))
        write_whole(out / "tasks.json", _index(tasks, annotators))
    except OSError as error:
        raise DatasetError(f"{error.filename or out}: {error.strerror}") from error


def _check(annotators: Sequence[str]) -> None:
    if not annotators or len(set(annotators)) != len(annotators):
        raise UsageError(f"expected different annotators, got {list(annotators)}")
    for name in annotators:
        if Path(name).name != name or name.startswith(".") or name == "images":
            raise UsageError(f"expected a name that can be a folder's, got {name!r}")


def link_file(source: Path, target: Path) -> None:
    """A hard link, or a copy where that cannot be; nothing if there is such a file already."""
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _index(tasks: Sequence[Task], annotators: Sequence[str]) -> bytes:
    """What the answers are matched with when they come back."""
    images = {task.file: task.record.sha256 for task in tasks}
    return json.dumps({"images": images, "annotators": list(annotators)}, indent=1).encode() + b"\n"


def cvat_xml(tasks: Sequence[Task], annotator: str) -> bytes:
    """CVAT's XML for images 1.1, with the drafts as boxes."""
    root = Xml.Element("annotations")
    _text(root, "version", "1.1")
    task_element = Xml.SubElement(Xml.SubElement(root, "meta"), "task")
    _text(task_element, "name", f"belisha {annotator}")
    _text(task_element, "size", str(len(tasks)))
    assignee = Xml.SubElement(task_element, "assignee")
    _text(assignee, "username", annotator)
    labels = Xml.SubElement(task_element, "labels")
    for name in (LABEL, IGNORE):
        _text(Xml.SubElement(labels, "label"), "name", name)
    for index, task in enumerate(tasks):
        size = {"width": str(task.record.width), "height": str(task.record.height)}
        image = Xml.SubElement(root, "image", {"id": str(index), "name": task.file, **size})
        for box in task.drafts.xyxy.tolist():
            sides = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{v:.2f}" for v in box), strict=True))
            attributes = {"label": LABEL, "source": "auto", "occluded": "0", "z_order": "0"}
            Xml.SubElement(image, "box", {**attributes, **sides})
    Xml.indent(root)
    return bytes(Xml.tostring(root, "utf-8", xml_declaration=True)) + b"\n"


def _text(parent: Xml.Element, tag: str, text: str) -> None:
    Xml.SubElement(parent, tag).text = text


def label_studio_json(tasks: Sequence[Task], image_url: str) -> bytes:
    """Label Studio's tasks, with the drafts as predictions in per cent of the image."""
    return json.dumps([_label_studio(task, image_url) for task in tasks], indent=1).encode() + b"\n"


def _label_studio(task: Task, image_url: str) -> dict[str, Any]:
    scores = task.drafts.scores.tolist()
    result = [
        _region(task.record, index, box, score)
        for index, (box, score) in enumerate(zip(task.drafts.xyxy.tolist(), scores, strict=True))
    ]
    return {
        "data": {"image": image_url + task.file},
        "predictions": [{"model_version": "belisha", "result": result}],
    }


def _region(record: Record, index: int, box: Sequence[float], score: float) -> dict[str, Any]:
    left, top, right, bottom = box
    value = {
        "x": 100 * left / record.width,
        "y": 100 * top / record.height,
        "width": 100 * (right - left) / record.width,
        "height": 100 * (bottom - top) / record.height,
        "rotation": 0,
        "rectanglelabels": [LABEL],
    }
    return {
        "id": f"{record.sha256[:8]}-{index}",
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": record.width,
        "original_height": record.height,
        "score": score,
        "value": value,
    }
