"""EuroCity Persons' JSON: **/labels/**/NAME.json with **/img/**/NAME.png."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from belisha.errors import DatasetError
from training.data.formats.reading import Draft, Drawn, Notes, Options, Reading, settle
from training.data.formats.sources import MAX_TEXT_BYTES, find_files, image_beside, read_json
from training.data.formats.values import number, side, text
from training.data.records import Record

_OCCLUDED = re.compile(r"occluded>(\d{1,2})")
_NOT_ASKED_FOR = ("behind-glass", "sitting-lying", "depiction")
"""Tags that make a person don't care, as in the benchmark's own evaluation."""
_LIGHTS = ("day", "night")
_CHILDREN_DEPTH = 5


def read(path: Path, options: Options) -> Reading:
    """Read EuroCity's JSON; see `training.data.formats`. A city is a sequence."""
    notes = Notes()
    drafts = []
    for file in find_files(path, frozenset({".json"})):
        image = _image(file, path, options.images)
        if image is None:
            notes.add("dropped", "annotations without an image", str(file))
            continue
        drafts.append(_draft(file, image, path, options, notes))
    return Reading(drafts=tuple(drafts), findings=notes.findings())


def _image(file: Path, root: Path, images: Path | None) -> Path | None:
    """`labels` in the path becomes `img`; or beside, or in the folder that the options name."""
    parts = list(file.relative_to(root).with_suffix("").parts)
    if images is not None:
        return image_beside(images.joinpath(*parts))
    if "labels" in parts:
        parts[parts.index("labels")] = "img"
        return image_beside(root.joinpath(*parts))
    if root.name == "labels":
        return image_beside(root.with_name("img").joinpath(*parts))
    return image_beside(file.with_suffix(""))


def _draft(file: Path, image: Path, root: Path, options: Options, notes: Notes) -> Draft:
    document = read_json(file, MAX_TEXT_BYTES)
    children = document.get("children") if isinstance(document, dict) else None
    if not isinstance(children, list):
        raise DatasetError(f"{file}: expected imagewidth, imageheight and a list of children")
    width, height = (
        side(document.get(f"image{key}"), key, str(file)) for key in ("width", "height")
    )
    drawn = list(_drawn(children, str(file), notes))
    light = next((part for part in file.relative_to(root.parent).parts if part in _LIGHTS), "")
    record = Record(
        sha256="",
        name=file.relative_to(root).with_suffix(image.suffix).as_posix(),
        source="",
        width=width,
        height=height,
        sequence=file.parent.name,
        conditions={"light": light} if light else {},
        annotations=settle(drawn, width, height, options, notes),
    )
    tags = _tags(document, str(file))
    return Draft(path=image, record=record, fields={"tags": ",".join(tags)} if tags else {})


def _drawn(children: list[Any], parent: str, notes: Notes, depth: int = 1) -> Iterator[Drawn]:
    """The boxes of all children, and of theirs: a rider has a bicycle."""
    for index, entry in enumerate(children):
        place = f"{parent}: child {index}"
        if not isinstance(entry, dict) or depth > _CHILDREN_DEPTH:
            raise DatasetError(f"{place}: expected an object with identity and box")
        tags = _tags(entry, place)
        shares = [int(found.group(1)) for tag in tags if (found := _OCCLUDED.fullmatch(tag))]
        if shares:
            notes.add("mapped", "tag occluded>N: at least N % hidden", place)
        left, top, right, bottom = (
            number(entry.get(key), key, place) for key in ("x0", "y0", "x1", "y1")
        )
        yield Drawn(
            xyxy=(left, top, right, bottom),
            label=text(entry.get("identity"), "identity", place),
            place=place,
            ignore=next((tag for tag in tags if tag in _NOT_ASKED_FOR), ""),
            occlusion=max(shares) / 100 if shares else 0.0,
            truncated=any(tag.startswith("truncated") for tag in tags),
        )
        nested = entry.get("children")
        if isinstance(nested, list):
            yield from _drawn(nested, place, notes, depth + 1)


def _tags(entry: dict[str, Any], place: str) -> list[str]:
    tags = entry.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise DatasetError(f"{place}: expected a list of tags, got {tags!r:.60}")
    return tags
