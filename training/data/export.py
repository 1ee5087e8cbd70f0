"""A version in the formats of others: COCO, which loses nothing, and YOLO text."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from belisha.bundle import write_whole
from belisha.errors import DatasetError, UsageError
from training.data.formats.reading import Finding, Notes
from training.data.records import Annotation, Box, Record
from training.data.version import Version

PERSON, DONT_CARE = "person", "dont_care"
"""Classes 0 and 1 of the YOLO text."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        images: how many.
        findings: what the format cannot hold.
    """

    images: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Item:
    """An image on its way out: its record, its split, and its path below images/."""

    record: Record
    split: str
    file_name: str


def export_coco(version: Version, out: Path, split: str | None, where: Sequence[str]) -> Exported:
    """Write annotations.json and images/; read back, the records are the same.

    Args:
        version: of a store; withheld images are left out.
        out: folder that does not exist yet, or is empty.
        split: only this one.
        where: conditions as in `Dataset.select`.

    Raises:
        DatasetError: no image is left, or the split is sealed.
        UsageError: the folder is there already, or cannot be written.
    """

    def write(folder: Path, items: Sequence[_Item]) -> None:
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, item in enumerate(items, 1):
            images.append(_image_entry(number, item))
            for annotation in item.record.annotations:
                entry = _annotation_entry(annotation)
                annotations.append({"id": len(annotations) + 1, "image_id": number, **entry})
        document = {
            "info": {"version": version.name, "fingerprint": version.fingerprint},
            "images": images,
            "annotations": annotations,
            "categories": [{"id": 1, "name": "person"}],
        }
        write_whole(folder / "annotations.json", json.dumps(document).encode() + b"\n")

    return _export(version, out, (split, where), write, Notes())


def export_yolo(
    version: Version,
    out: Path,
    split: str | None,
    where: Sequence[str],
    *,
    keep_dont_care: bool = False,
) -> Exported:
    """Write images/, labels/ and data.yaml.

    YOLO text has no don't-care regions. They are dropped, and counted, unless `keep_dont_care`
    writes them as a second class, which a trainer must be told to ignore.

    Args:
        version: of a store; withheld images are left out.
        out: folder that does not exist yet, or is empty.
        split: only this one.
        where: conditions as in `Dataset.select`.
        keep_dont_care: see above.

    Raises:
        DatasetError: no image is left, or the split is sealed.
        UsageError: the folder is there already, or cannot be written.
    """
    notes = Notes()

    def write(folder: Path, items: Sequence[_Item]) -> None:
        for item in items:
            lines = _yolo_lines(item, keep_dont_care, notes)
            text = "".join(f"{line}\n" for line in lines)
            path = (folder / "labels" / item.file_name).with_suffix(".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        names = [PERSON, *([DONT_CARE] if keep_dont_care else [])]
        rows = "".join(f"  {number}: {name}\n" for number, name in enumerate(names))
        text = f"path: .\ntrain: images\nval: images\nnames:\n{rows}"
        write_whole(folder / "data.yaml", text.encode())

    return _export(version, out, (split, where), write, notes)


def _export(
    version: Version,
    out: Path,
    asked: tuple[str | None, Sequence[str]],
    write: Callable[[Path, Sequence[_Item]], None],
    notes: Notes,
) -> Exported:
    """Everything goes into a folder beside `out` first, which then takes its name."""
    items = [
        _Item(record, split, f"{record.source}/{record.name}")
        for record, split in version.readable(*asked)
    ]
    if not items:
        raise DatasetError(f"version {version.name}: expected images, got none to write")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: expected a new folder: remove it, or name another")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
        try:
            for item in tqdm(items, desc="export", unit="image", leave=False, disable=None):
                _place(version.image_path(item.record.sha256), work / "images", item.file_name)
            write(work, items)
            work.chmod(0o755)
            work.replace(out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}") from error
    return Exported(images=len(items), findings=notes.findings())


def _place(image: Path, folder: Path, name: str) -> None:
    """A hard link where possible, else a copy."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise DatasetError(f"expected the name of an image below its source, got {name!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(image, target)
    except FileExistsError as error:
        raise DatasetError(f"two images are called {name}: name sources apart") from error
    except OSError:
        shutil.copyfile(image, target)


def _image_entry(number: int, item: _Item) -> dict[str, Any]:
    record = item.record
    entry = {
        "id": number,
        "file_name": item.file_name,
        "name": record.name,
        "width": record.width,
        "height": record.height,
        "source": record.source,
        "split": item.split,
        "sequence": record.sequence,
        "time": record.time,
        "licence": record.licence,
        "conditions": dict(record.conditions),
        "annotators": list(record.annotators),
    }
    return {key: value for key, value in entry.items() if value}


def _annotation_entry(annotation: Annotation) -> dict[str, Any]:
    left, top, right, bottom = annotation.xyxy
    ignored = annotation.kind == "dont_care"
    visible = annotation.visible_xyxy
    entry = {
        "category_id": 1,
        "bbox": _xywh(annotation.xyxy),
        "xyxy": list(annotation.xyxy),
        "area": (right - left) * (bottom - top),
        "iscrowd": int(ignored and annotation.reason == "iscrowd"),
        "ignore": int(ignored),
        "reason": annotation.reason or None,
        "label": annotation.label,
        "vis_bbox": None if visible is None else _xywh(visible),
        "vis_xyxy": None if visible is None else list(visible),
        "occlusion": annotation.occlusion,
        "truncated": None if annotation.truncated is None else int(annotation.truncated),
        "annotator": annotation.annotator or None,
        "track": annotation.track or None,
    }
    return {key: value for key, value in entry.items() if value is not None}


def _xywh(box: Box) -> list[float]:
    left, top, right, bottom = box
    return [left, top, right - left, bottom - top]


def _yolo_lines(item: _Item, keep_dont_care: bool, notes: Notes) -> list[str]:
    """`class x y width height` a person; boxes are cut at the image, as trainers demand."""
    lines = []
    record = item.record
    for annotation in record.annotations:
        if annotation.annotator:
            notes.add("dropped", "answer of an annotator: YOLO text holds only truth", record.name)
            continue
        ignored = annotation.kind == "dont_care"
        if ignored and not keep_dont_care:
            notes.add("dropped", "don't-care region: YOLO text has none", record.name)
            continue
        left, top, right, bottom = _cut(annotation.xyxy, record.width, record.height)
        if (left, top, right, bottom) != annotation.xyxy:
            notes.add("mapped", "box cut at the image", record.name)
        values = (
            (left + right) / 2 / record.width,
            (top + bottom) / 2 / record.height,
            (right - left) / record.width,
            (bottom - top) / record.height,
        )
        lines.append(f"{int(ignored)} " + " ".join(f"{value:.8f}" for value in values))
    return lines


def _cut(box: Box, width: int, height: int) -> Box:
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
