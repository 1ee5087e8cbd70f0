"""YOLO text: images/**/NAME.jpg with labels/**/NAME.txt, or the text beside the image.

A line is `class x y width height`, centre and size as fractions of the image. Names of classes come
from data.yaml, classes.txt or obj.names. An image without a text file is background.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from belisha.cameras.picture import SUFFIXES
from belisha.errors import DatasetError
from training.data.formats.image_size import image_size
from training.data.formats.reading import Draft, Drawn, Notes, Options, Reading, settle
from training.data.formats.sources import find_files, read_text
from training.data.formats.values import number
from training.data.records import Box, Record

_LISTS = ("classes.txt", "obj.names", "labels.txt")
_TOLERANCE = 1e-3


def read(path: Path, options: Options) -> Reading:
    """Read YOLO text; see `training.data.formats`."""
    if not path.is_dir():
        raise DatasetError(f"{path}: expected a folder with images/ and labels/")
    root = options.images or (path / "images" if (path / "images").is_dir() else path)
    names, notes = _class_names(path), Notes()
    drafts = []
    texts = set(path.rglob("*.txt"))
    for image in find_files(root, SUFFIXES):
        labels = _labels_of(image, path)
        texts.discard(labels)
        width, height = image_size(image)
        drawn = []
        if labels.is_file():
            drawn = _drawn(labels, width, height, names, options, notes)
        else:
            notes.add("mapped", "image without a text file: background", str(image))
        name = image.relative_to(root).as_posix()
        annotations = settle(drawn, width, height, options, notes)
        record = Record(
            sha256="", name=name, source="", width=width, height=height, annotations=annotations
        )
        drafts.append(Draft(path=image, record=record))
    for orphan in sorted(texts):
        if orphan.name not in _LISTS and "labels" in orphan.parts:
            notes.add("dropped", "text file without an image", str(orphan))
    return Reading(drafts=tuple(drafts), findings=notes.findings())


def _labels_of(image: Path, root: Path) -> Path:
    """The text of an image: the last `images` of its path below the root becomes `labels`."""
    parts = list(image.relative_to(root).parts) if image.is_relative_to(root) else []
    if "images" in parts:
        place = len(parts) - 1 - parts[::-1].index("images")
        parts[place] = "labels"
        return root.joinpath(*parts).with_suffix(".txt")
    return image.with_suffix(".txt")


def _class_names(root: Path) -> Mapping[str, str]:
    """Number -> name, as far as a file says."""
    for name in _LISTS:
        if (root / name).is_file():
            lines = read_text(root / name).splitlines()
            return {str(index): line.strip() for index, line in enumerate(lines) if line.strip()}
    for path in (root / "data.yaml", root / "dataset.yaml"):
        if path.is_file():
            return _names_in_yaml(path)
    return {}


def _names_in_yaml(path: Path) -> Mapping[str, str]:
    """`names` of a data.yaml: a list, or by number."""
    import yaml

    try:
        document: Any = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = " ".join(str(error).split())
        raise DatasetError(f"{path}: not valid YAML: {message}") from error
    names = document.get("names") if isinstance(document, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    # Aliases can make a short file unfold without end once its values are printed.
    if not isinstance(names, dict) or not all(
        isinstance(word, (str, int)) for pair in names.items() for word in pair
    ):
        raise DatasetError(f"{path}: expected `names`, a list of texts or texts by number")
    return {str(key): str(value) for key, value in names.items()}


def _drawn(
    path: Path, width: int, height: int, names: Mapping[str, str], options: Options, notes: Notes
) -> list[Drawn]:
    """The boxes of a text file."""
    boxes = []
    for index, line in enumerate(read_text(path).splitlines(), 1):
        words = line.split()
        if words:
            place = f"{path}:{index}"
            label = _label(words[0], names, options, place)
            left, top, right, bottom = _fractions(words[1:], place, notes)
            xyxy = left * width, top * height, right * width, bottom * height
            boxes.append(Drawn(xyxy=xyxy, label=label, place=place))
    return boxes


def _label(word: str, names: Mapping[str, str], options: Options, place: str) -> str:
    """The name of a class; a number that only the options explain stays one."""
    if word in names:
        return names[word]
    if word in options.labels:
        return word
    known = ", ".join(f"{key}={name}" for key, name in names.items()) or "no names"
    raise DatasetError(
        f"{place}: expected a known class, got {word!r:.20}; there are {known}: add data.yaml or "
        "classes.txt, or say what it means with --label 0=person"
    )


def _fractions(words: list[str], place: str, notes: Notes) -> Box:
    """Corners as fractions of the image."""
    values = [number(word, "a coordinate", place) for word in words]
    if len(values) >= 6 and len(values) % 2 == 0:
        notes.add("mapped", "outline: the box around it", place)
        box = min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
        _check_range(box, place)
        return box
    if len(values) == 5:
        notes.add("dropped", "confidence of a box: truth has none", place)
    if len(values) not in (4, 5):
        raise DatasetError(
            f"{place}: expected 'class x y width height' or an outline, got {len(values) + 1} words"
        )
    x, y, width, height = values[:4]
    _check_range((x, y, width, height), place)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _check_range(values: Box, place: str) -> None:
    if not all(-_TOLERANCE <= value <= 1 + _TOLERANCE for value in values):
        raise DatasetError(
            f"{place}: expected fractions of the image from 0 to 1, got {values}: are these pixels?"
        )
