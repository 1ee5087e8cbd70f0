"""CityPersons' JSON: gtBboxCityPersons/**/NAME_gtBboxCityPersons.json, leftImg8bit/**."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from belisha.errors import DatasetError
from training.data.formats.reading import (
    Draft,
    Drawn,
    Notes,
    Options,
    Reading,
    hidden_share,
    settle,
)
from training.data.formats.sources import MAX_TEXT_BYTES, find_files, image_beside, read_json
from training.data.formats.values import side, text, xywh_box
from training.data.records import Record

_SUFFIX = "_gtBboxCityPersons"


def read(path: Path, options: Options) -> Reading:
    """Read CityPersons' JSON; see `training.data.formats`. A city is a sequence."""
    folder = path / "gtBboxCityPersons" if (path / "gtBboxCityPersons").is_dir() else path
    images = options.images or folder.parent / "leftImg8bit"
    notes = Notes()
    drafts = []
    for file in find_files(folder, frozenset({".json"})):
        stem = file.stem.removesuffix(_SUFFIX)
        near = images / file.relative_to(folder).parent
        image = image_beside(near / f"{stem}_leftImg8bit") or image_beside(near / stem)
        if image is None:
            notes.add("dropped", "annotations without an image", str(file))
            continue
        document = read_json(file, MAX_TEXT_BYTES)
        record = _record(document, file, image.relative_to(images), options, notes)
        drafts.append(Draft(path=image, record=record))
    return Reading(drafts=tuple(drafts), findings=notes.findings())


def _record(document: Any, file: Path, name: Path, options: Options, notes: Notes) -> Record:
    """All about one image."""
    objects = document.get("objects") if isinstance(document, dict) else None
    if not isinstance(objects, list):
        raise DatasetError(f"{file}: expected imgWidth, imgHeight and a list of objects")
    width, height = (side(document.get(key), key, str(file)) for key in ("imgWidth", "imgHeight"))
    drawn = [_drawn(entry, f"{file}: object {index}") for index, entry in enumerate(objects)]
    return Record(
        sha256="",
        name=name.as_posix(),
        source="",
        width=width,
        height=height,
        sequence=name.parent.name or name.name.partition("_")[0],
        annotations=settle(drawn, width, height, options, notes),
    )


def _drawn(entry: Any, place: str) -> Drawn:
    """The whole person as CityPersons aligns it, and the part that can be seen."""
    if not isinstance(entry, dict):
        raise DatasetError(f"{place}: expected an object with bbox and label, got {entry!r:.60}")
    xyxy = xywh_box(entry.get("bbox"), "bbox", place)
    visible = entry.get("bboxVis")
    visible_xyxy = None if visible is None else xywh_box(visible, "bboxVis", place)
    return Drawn(
        xyxy=xyxy,
        label=text(entry.get("label"), "label", place),
        place=place,
        visible_xyxy=visible_xyxy,
        occlusion=None if visible_xyxy is None else hidden_share(xyxy, visible_xyxy),
        track=str(entry.get("instanceId", "")),
    )
