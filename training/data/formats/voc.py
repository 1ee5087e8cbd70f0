"""Pascal VOC: Annotations/**/NAME.xml with JPEGImages/**."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from belisha.errors import DatasetError
from training.data.formats.reading import Draft, Drawn, Notes, Options, Reading, settle
from training.data.formats.sources import find_files, image_beside
from training.data.formats.values import flag, number, side
from training.data.formats.xml_tree import Element, read_xml
from training.data.records import Record

OCCLUDED = 0.5
"""VOC flags that a part is hidden, not how much."""

_USED = frozenset({"name", "bndbox", "truncated", "difficult", "occluded"})


def read(path: Path, options: Options) -> Reading:
    """Read VOC's XML; see `training.data.formats`."""
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    files = find_files(folder, frozenset({".xml"})) if folder.is_dir() else [folder]
    images = options.images or (path / "JPEGImages" if path.is_dir() else path.parent)
    images = images if images.is_dir() else folder
    notes = Notes()
    roots = [(file, read_xml(file, "annotation")) for file in files]
    drawn = [[_drawn(item, file, notes) for item in root.all("object")] for file, root in roots]
    shift = _shift([box for boxes in drawn for box in boxes], notes)
    drafts = []
    for (file, root), boxes in zip(roots, drawn, strict=True):
        relative = file.relative_to(folder) if folder.is_dir() else Path(file.name)
        image = _image(root, images, relative)
        if image is None:
            notes.add("dropped", "annotation without an image", str(file))
            continue
        moved = [replace(box, xyxy=_moved(box, shift)) for box in boxes]
        drafts.append(_draft(file, root, image, images, moved, options, notes))
    return Reading(drafts=tuple(drafts), findings=notes.findings())


def _shift(boxes: list[Drawn], notes: Notes) -> int:
    """Pixels to take off left and top: VOC counts from 1, many tools that write it from 0."""
    if not boxes:
        return 0
    zero = next((box for box in boxes if min(box.xyxy[:2]) < 1), None)
    if zero is not None:
        notes.add("mapped", "a box begins at pixel 0: all are taken to count from 0", zero.place)
        return 0
    notes.add("mapped", "boxes count pixels from 1, as VOC does", boxes[0].place, len(boxes))
    return 1


def _moved(box: Drawn, shift: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = box.xyxy
    return left - shift, top - shift, right, bottom


def _image(root: Element, images: Path, relative: Path) -> Path | None:
    """The image that the file names, or the one of its own name."""
    named = root.words("filename")
    if named and "\0" not in named:
        path = images / relative.parent / Path(named.replace("\\", "/")).name
        if path.is_file():
            return path
    return image_beside(images / relative.with_suffix(""))


def _draft(
    file: Path,
    root: Element,
    image: Path,
    images: Path,
    boxes: list[Drawn],
    options: Options,
    notes: Notes,
) -> Draft:
    place = f"{file}:{root.line}"
    size = root.find("size")
    if size is None:
        raise DatasetError(f"{place}: expected <size> with <width> and <height>")
    width, height = (side(size.words(key), key, place) for key in ("width", "height"))
    record = Record(
        sha256="",
        name=image.relative_to(images).as_posix(),
        source="",
        width=width,
        height=height,
        annotations=settle(boxes, width, height, options, notes),
    )
    fields = {"folder": root.words("folder"), "database": root.words("source", "database")}
    return Draft(path=image, record=record, fields={k: v for k, v in fields.items() if v})


def _drawn(item: Element, file: Path, notes: Notes) -> Drawn:
    """An <object>."""
    place = f"{file}:{item.line}"
    for child in item.children:
        if child.tag not in _USED:
            notes.add("dropped", f"<{child.tag}> of objects: not kept", f"{file}:{child.line}")
    box = item.find("bndbox")
    if box is None:
        raise DatasetError(f"{place}: expected <bndbox> in <object>")
    names = ("xmin", "ymin", "xmax", "ymax")
    left, top, right, bottom = (number(box.words(name), name, place) for name in names)
    occluded, truncated = item.words("occluded"), item.words("truncated")
    if flag(occluded):
        notes.add("mapped", f"occluded: {OCCLUDED:.0%} hidden, as a rule of thumb", place)
    return Drawn(
        xyxy=(left, top, right, bottom),
        label=item.words("name"),
        place=place,
        ignore="difficult" if flag(item.words("difficult")) else "",
        occlusion=(OCCLUDED if flag(occluded) else 0.0) if occluded else None,
        truncated=flag(truncated) if truncated else None,
    )
