"""Small data sets in every format, drawn here: the same two images, the same people."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.data.formats import open_reader
from training.data.formats.reading import Options, Reading
from training.data.records import Annotation, Record

WIDTH, HEIGHT = 64, 48
PERSON = (8.0, 4.0, 20.0, 40.0)
RIDER = (30.0, 10.0, 50.0, 44.0)


def draw(path: Path, shade: int = 90, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """An image of noise about a shade; equal arguments give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(shade).integers(0, 40, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), noise + np.uint8(shade))
    return path


def dump(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def xywh(box: tuple[float, ...]) -> list[float]:
    left, top, right, bottom = box
    return [left, top, right - left, bottom - top]


def coco(folder: Path) -> Path:
    for index, name in enumerate(("a.png", "b.png")):
        draw(folder / "images" / name, 60 + index)
    size = {"width": WIDTH, "height": HEIGHT}
    images = [
        {"id": 1, "file_name": "a.png", "sequence": "north", "time": "dusk", "lux": 3, **size},
        {"id": 2, "file_name": "b.png", "sequence": "south", **size},
    ]
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": xywh(PERSON)}
    rider = {"id": 2, "image_id": 1, "category_id": 1, "bbox": xywh(RIDER)}
    annotations = [person, {**rider, "ignore": 1, "label": "rider"}]
    categories = [{"id": 1, "name": "person"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    dump(folder / "annotations.json", document)
    return folder


def yolo(folder: Path) -> Path:
    for index, name in enumerate(("a.png", "b.png")):
        draw(folder / "images" / name, 60 + index)
    lines = []
    for number, (left, top, width, height) in enumerate(map(xywh, (PERSON, RIDER))):
        values = (left + width / 2) / WIDTH, (top + height / 2) / HEIGHT
        values = (*values, width / WIDTH, height / HEIGHT)
        lines.append(" ".join([str(number), *map(str, values)]))
    dump(folder / "labels" / "a.txt", "\n".join(lines))
    dump(folder / "data.yaml", "names: {0: person, 1: rider}")
    return folder


def kitti(folder: Path) -> Path:
    for index, name in enumerate(("a", "b")):
        draw(folder / "image_2" / f"{name}.png", 60 + index)
    rows = [
        ["Pedestrian", "0.00", "0", "0.1", *map(str, PERSON)],
        ["Cyclist", "0.30", "1", "0.1", *map(str, RIDER)],
    ]
    text = "\n".join(" ".join(row + ["1.0"] * 7) for row in rows)
    dump(folder / "label_2" / "a.txt", text)
    dump(folder / "label_2" / "b.txt", "")
    return folder


def voc(folder: Path) -> Path:
    objects = ""
    for name, box in (("person", PERSON), ("rider", RIDER)):
        left, top, right, bottom = box
        sides = f"<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
        sides += f"<xmax>{right}</xmax><ymax>{bottom}</ymax>"
        objects += f"<object><name>{name}</name><truncated>0</truncated><bndbox>{sides}</bndbox>"
        objects += "</object>\n"
    for index, (name, inside) in enumerate((("a", objects), ("b", ""))):
        draw(folder / "JPEGImages" / f"{name}.png", 60 + index)
        size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
        text = f"<annotation>\n<filename>{name}.png</filename>{size}\n{inside}</annotation>"
        dump(folder / "Annotations" / f"{name}.xml", text)
    return folder


def citypersons(folder: Path) -> Path:
    people = [
        {"bbox": xywh(PERSON), "bboxVis": xywh((8.0, 4.0, 20.0, 22.0)), "label": "pedestrian"},
        {"bbox": xywh(RIDER), "bboxVis": xywh(RIDER), "label": "rider", "instanceId": 25001},
    ]
    for index, (frame, objects) in enumerate((("a", people), ("b", []))):
        stem = f"ulm_{frame}"
        draw(folder / "leftImg8bit" / "train" / "ulm" / f"{stem}_leftImg8bit.png", 60 + index)
        document = {"imgWidth": WIDTH, "imgHeight": HEIGHT, "objects": objects}
        root = folder / "gtBboxCityPersons" / "train" / "ulm"
        dump(root / f"{stem}_gtBboxCityPersons.json", document)
    return folder


def eurocity(folder: Path) -> Path:
    def child(identity: str, box: tuple[float, ...], *tags: str) -> dict[str, Any]:
        corners = dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))
        return {"identity": identity, **corners, "tags": list(tags), "children": []}

    rider = {**child("rider", RIDER), "children": [child("bicycle", (31, 30, 49, 44))]}
    people = [child("pedestrian", PERSON, "occluded>40", "truncated>10"), rider]
    for index, (name, children) in enumerate((("a", people), ("b", []))):
        draw(folder / "night" / "img" / "train" / "ulm" / f"{name}.png", 60 + index)
        document = {"imagewidth": WIDTH, "imageheight": HEIGHT, "children": children, "tags": []}
        dump(folder / "night" / "labels" / "train" / "ulm" / f"{name}.json", document)
    return folder


def cvat_image(name: str, *boxes: tuple[str, tuple[float, ...]]) -> str:
    inside = ""
    for label, box in boxes:
        sides = zip(("xtl", "ytl", "xbr", "ybr"), box, strict=True)
        corners = " ".join(f'{key}="{value}"' for key, value in sides)
        inside += f'<box label="{label}" occluded="0" {corners}></box>\n'
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    return f'<image id="0" name="{name}" {size}>\n{inside}</image>\n'


def cvat(folder: Path) -> Path:
    for index, name in enumerate(("a.png", "b.png")):
        draw(folder / "images" / name, 60 + index)
    images = cvat_image("a.png", ("person", PERSON), ("rider", RIDER)) + cvat_image("b.png")
    dump(folder / "annotations.xml", f"<annotations>\n{images}</annotations>")
    return folder


def region(label: str, box: tuple[float, ...], **value: Any) -> dict[str, Any]:
    left, top, width, height = xywh(box)
    sides = {
        "x": 100 * left / WIDTH,
        "y": 100 * top / HEIGHT,
        "width": 100 * width / WIDTH,
        "height": 100 * height / HEIGHT,
    }
    size = {"original_width": WIDTH, "original_height": HEIGHT}
    return {
        "id": label,
        "type": "rectanglelabels",
        "value": {**sides, "rectanglelabels": [label], **value},
        **size,
    }


def task(name: str, *answers: tuple[Any, list[dict[str, Any]]]) -> dict[str, Any]:
    annotations = [{"completed_by": who, "result": result} for who, result in answers]
    return {"id": name, "data": {"image": f"/data/upload/1/{name}"}, "annotations": annotations}


def label_studio(folder: Path) -> Path:
    for index, name in enumerate(("a.png", "b.png")):
        draw(folder / "images" / name, 60 + index)
    boxes = [region("person", PERSON), region("rider", RIDER)]
    tasks = [task("0123abcd-a.png", (1, boxes)), task("b.png", (1, []))]
    dump(folder / "tasks.json", tasks)
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "citypersons": citypersons,
    "coco": coco,
    "cvat": cvat,
    "eurocity": eurocity,
    "kitti": kitti,
    "label_studio": label_studio,
    "voc": voc,
    "yolo": yolo,
}


def read(form: str, path: Path, **options: Any) -> Reading:
    return open_reader(form)(path, Options(**options))


def records(reading: Reading) -> list[Record]:
    return [draft.record for draft in reading.drafts]


def annotations(form: str, path: Path, **options: Any) -> list[Annotation]:
    """Of the first image."""
    return list(read(form, path, **options).drafts[0].record.annotations)


def told(reading: Reading, action: str, part: str) -> int:
    """How often the report says so; 0 if it does not."""
    found = [one for one in reading.findings if one.action == action and part in one.what]
    return sum(one.count for one in found)
