"""COCO JSON: a folder with annotations.json and images/, or a JSON file and its images.

Beside COCO's own words those of CityPersons, CrowdHuman and of this kit's export are kept: ignore,
reason, label, vis_bbox, visible_ratio, occlusion, truncated, annotator, track; and of an image
name, source, sequence, time, conditions, annotators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from training.data.formats.sources import read_json
from training.data.formats.values import flag, number, side, text, xywh_box
from training.data.records import Box, Record

VISIBLE_BOXES = ("vis_bbox", "bboxVis", "vbox")
VISIBLE_SHARES = ("visible_ratio", "vis_ratio")

_OF_ANNOTATION = frozenset(
    {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "ignore", "reason", "label"}
    | {
        "xyxy",
        "vis_xyxy",
        "occlusion",
        "truncated",
        "annotator",
        "track",
        *VISIBLE_BOXES,
        *VISIBLE_SHARES,
    }
)
_OF_IMAGE = frozenset(
    {"id", "file_name", "name", "width", "height", "source", "sequence", "time", "date_captured"}
    | {"licence", "license", "conditions", "annotators"}
)


def read(path: Path, options: Options) -> Reading:
    """Read COCO JSON; see `training.data.formats`."""
    file = path / "annotations.json" if path.is_dir() else path
    document = read_json(file)
    source = _Source(
        file=file,
        folder=options.images or _folder(file.parent),
        categories=_names(document, "categories", file),
        licences=_names(document, "licenses", file),
        options=options,
        notes=Notes(),
    )
    boxes = _by_image(document, source)
    drafts = []
    seen = set()
    for entry in _list(document, "images", file):
        identity = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(identity, (int, str)) or identity in seen:
            raise DatasetError(f"{file}: image {entry!r:.60}: expected an id of its own")
        seen.add(identity)
        drafts.append(_draft(entry, boxes.pop(identity, []), source))
    for entries in boxes.values():
        place = f"{file}: annotation {entries[0].get('id')}"
        source.notes.add("dropped", "box of an image that is not listed", place, len(entries))
    return Reading(drafts=tuple(drafts), findings=source.notes.findings())


@dataclass(frozen=True, kw_only=True)
class _Source:
    """What all entries of a file share."""

    file: Path
    folder: Path
    categories: Mapping[Any, str]
    licences: Mapping[Any, str]
    options: Options
    notes: Notes


def _folder(root: Path) -> Path:
    return root / "images" if (root / "images").is_dir() else root


def _list(document: Any, key: str, file: Path) -> list[Any]:
    if not isinstance(document, dict) or not isinstance(document.get(key), list):
        raise DatasetError(f"{file}: expected COCO's list {key!r}")
    entries: list[Any] = document[key]
    return entries


def _names(document: Any, key: str, file: Path) -> dict[Any, str]:
    """Id -> name of an optional list."""
    if not isinstance(document, dict) or key not in document:
        return {}
    names = {}
    for entry in _list(document, key, file):
        place = f"{file}: {key} {entry!r:.60}"
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), (int, str)):
            raise DatasetError(f"{place}: expected an id")
        names[entry["id"]] = text(entry.get("name"), "name", place)
    return names


def _by_image(document: Any, source: _Source) -> dict[Any, list[dict[str, Any]]]:
    """Annotations by image id."""
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for entry in _list(document, "annotations", source.file):
        image = entry.get("image_id") if isinstance(entry, dict) else None
        if not isinstance(image, (int, str)):
            raise DatasetError(f"{source.file}: annotation {entry!r:.60}: expected an image_id")
        grouped.setdefault(image, []).append(entry)
    return grouped


def _draft(entry: dict[str, Any], annotations: list[dict[str, Any]], source: _Source) -> Draft:
    """One image with its boxes."""
    place = f"{source.file}: image {entry.get('file_name', entry['id'])!r:.80}"
    file_name = text(entry.get("file_name"), "file_name", place)
    width, height = (side(entry.get(key), key, place) for key in ("width", "height"))
    drawn = [_drawn(annotation, source) for annotation in annotations]
    conditions = entry.get("conditions", {})
    annotators = entry.get("annotators", [])
    if not isinstance(conditions, dict) or not isinstance(annotators, list):
        raise DatasetError(f"{place}: expected conditions by name and a list of annotators")
    record = Record(
        sha256="",
        name=str(entry.get("name", file_name)),
        source=str(entry.get("source", "")),
        width=width,
        height=height,
        sequence=str(entry.get("sequence", "")),
        time=str(entry.get("time", entry.get("date_captured", ""))),
        licence=_licence(entry, source.licences),
        conditions={str(key): str(value) for key, value in conditions.items()},
        annotations=settle(drawn, width, height, source.options, source.notes),
        annotators=tuple(map(str, annotators)),
    )
    fields = {
        key: str(value)
        for key, value in entry.items()
        if key not in _OF_IMAGE and isinstance(value, (str, int, float))
    }
    return Draft(path=source.folder / file_name, record=record, fields=fields)


def _licence(entry: dict[str, Any], licences: Mapping[Any, str]) -> str:
    """In words; COCO gives a number and a list of them."""
    licence = entry.get("licence", entry.get("license", ""))
    known = licences.get(licence) if isinstance(licence, (int, str)) else None
    return known or str(licence)


def _drawn(entry: dict[str, Any], source: _Source) -> Drawn:
    """The box of an annotation."""
    place = f"{source.file}: annotation {entry.get('id')!r:.60} of image {entry['image_id']!r:.60}"
    for key in entry.keys() - _OF_ANNOTATION:
        source.notes.add("dropped", f"field {key!r} of boxes: not kept", place)
    label = _label(entry, source, place)
    xyxy = _corners(entry, "xyxy", "bbox", place) or xywh_box(entry.get("bbox"), "bbox", place)
    visible_xyxy = _visible(entry, place)
    truncated = entry.get("truncated")
    return Drawn(
        xyxy=xyxy,
        label=label,
        place=place,
        ignore=_ignore(entry, source.options.meaning(label) == "dont_care", label),
        visible_xyxy=visible_xyxy,
        occlusion=_occlusion(entry, xyxy, visible_xyxy, place),
        truncated=None if truncated is None else flag(truncated),
        annotator=str(entry.get("annotator", "")),
        track=str(entry.get("track", "")),
    )


def _visible(entry: dict[str, Any], place: str) -> Box | None:
    """The box of the part that can be seen."""
    for key in VISIBLE_BOXES:
        if entry.get(key):
            exact = _corners(entry, "vis_xyxy", key, place)
            return exact or xywh_box(entry[key], key, place)
    return None


def _corners(entry: dict[str, Any], key: str, beside: str, place: str) -> Box | None:
    """Corners that this kit wrote beside COCO's width and height, which round them."""
    if key not in entry:
        return None
    rounded = xywh_box(entry.get(beside), beside, place)
    corners = entry[key]
    if not isinstance(corners, list) or len(corners) != 4:
        raise DatasetError(
            f"{place}: expected {key} [left, top, right, bottom], got {corners!r:.60}"
        )
    x0, y0, x1, y1 = (number(value, key, place) for value in corners)
    # Whoever edits a box edits `bbox`: corners that disagree are old.
    close = all(abs(a - b) < 1e-6 for a, b in zip((x0, y0, x1, y1), rounded, strict=True))
    return (x0, y0, x1, y1) if close else None


def _label(entry: dict[str, Any], source: _Source, place: str) -> str:
    """The finer label, unless only the category is known to mean something."""
    category = entry.get("category_id")
    names = source.categories
    if len(names) > 1 and category not in names:
        raise DatasetError(f"{place}: expected a listed category_id, got {category!r:.60}")
    name = names.get(category) or next(iter(names.values()), "person")
    label = str(entry.get("label", "")) or name
    known = source.options.meaning(name) != "drop" and source.options.meaning(label) != "drop"
    return label if known else name


def _ignore(entry: dict[str, Any], by_label: bool, label: str) -> str:
    """Why the box is don't care, as far as its flags say; empty if they do not."""
    if not (flag(entry.get("ignore", 0)) or flag(entry.get("iscrowd", 0))):
        return ""
    given = str(entry.get("reason", "")) or (label.lower() if by_label else "")
    return given or ("iscrowd" if flag(entry.get("iscrowd", 0)) else "ignore")


def _occlusion(entry: dict[str, Any], whole: Box, visible: Box | None, place: str) -> float | None:
    """Share that is hidden."""
    if entry.get("occlusion") is not None:
        share = number(entry["occlusion"], "occlusion", place)
    elif any(entry.get(key) is not None for key in VISIBLE_SHARES):
        key = next(key for key in VISIBLE_SHARES if entry.get(key) is not None)
        share = 1 - number(entry[key], key, place)
    elif visible is not None:
        share = hidden_share(whole, visible)
    else:
        return None
    return min(1.0, max(0.0, share))
