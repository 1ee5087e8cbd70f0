"""Label Studio's JSON: a list of tasks, each with the answers of one annotator or several.

A file, or a folder of such files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from belisha.cameras.picture import SUFFIXES
from belisha.errors import DatasetError
from training.data.formats.annotators import Answer, merged
from training.data.formats.image_size import image_size
from training.data.formats.reading import Drawn, Notes, Options, Reading
from training.data.formats.sources import find_files, read_json
from training.data.formats.values import flag, number, side
from training.data.records import Box

OCCLUDED = 0.5
"""A flag says that a part is hidden, not how much."""

_UPLOAD = re.compile(r"[0-9a-f]{8}-(.+)")
"""Label Studio puts eight characters before the name of an uploaded file."""
_FLAGS = ("ignore", "iscrowd", "occluded", "truncated")


def read(path: Path, options: Options) -> Reading:
    """Read Label Studio's JSON; see `training.data.formats`."""
    files = find_files(path, frozenset({".json"})) if path.is_dir() else [path]
    beside = path if path.is_dir() else path.parent
    images = options.images or (beside / "images" if (beside / "images").is_dir() else beside)
    notes = Notes()
    answers: list[Answer] = []
    for file in files:
        tasks = read_json(file)
        if not isinstance(tasks, list):
            raise DatasetError(f"{file}: expected a list of tasks: export as JSON")
        for index, task in enumerate(tasks):
            identity = task.get("id", index) if isinstance(task, dict) else index
            answers.extend(_answers(task, f"{file}: task {identity!r:.40}", images, notes))
    return merged(answers, options, notes)


def _answers(task: Any, place: str, images: Path, notes: Notes) -> Iterator[Answer]:
    """What each annotator said of the image of a task."""
    annotations = task.get("annotations") if isinstance(task, dict) else None
    if not isinstance(annotations, list):
        raise DatasetError(f"{place}: expected a list of annotations: JSON-MIN has too little")
    path = _image(task.get("data"), images, place)
    if path is None:
        notes.add("dropped", "task whose image is not there", place)
        return
    if task.get("predictions"):
        notes.add("dropped", "predictions of a model: not the word of a person", place)
    for annotation in annotations:
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            raise DatasetError(f"{place}: expected annotations with a list of results")
        if annotation.get("was_cancelled"):
            notes.add("dropped", "answer that the annotator skipped", place)
            continue
        truth = annotation.get("ground_truth") is True
        annotator = "" if truth else _annotator(annotation.get("completed_by"), place)
        results = _Results(annotation["result"], place, annotator, notes)
        width, height = results.size or image_size(path)
        name = path.relative_to(images).as_posix()
        yield Answer(path, name, width, height, annotator, tuple(results.drawn()))


def _annotator(who: Any, place: str) -> str:
    """By mail address, or number."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("username") or who.get("id")
    if not isinstance(who, (int, str)) or who == "":
        raise DatasetError(f"{place}: expected completed_by to name the annotator, got {who!r:.60}")
    return str(who)


def _image(data: Any, images: Path, place: str) -> Path | None:
    """The file of a task's image; None if it is not in the folder."""
    values = (
        [value for value in data.values() if isinstance(value, str)]
        if isinstance(data, dict)
        else []
    )
    for value in values:
        try:
            parts = urlsplit(value)
        except ValueError as error:
            raise DatasetError(f"{place}: expected the address of an image: {error}") from error
        inner = parse_qs(parts.query).get("d", [""])[0]
        name = PurePosixPath(inner or unquote(parts.path)).name
        if PurePosixPath(name).suffix.lower() not in SUFFIXES or "\0" in name:
            continue
        uploaded = _UPLOAD.fullmatch(name)
        names = [name, *([uploaded.group(1)] if uploaded else [])]
        return next((images / one for one in names if (images / one).is_file()), None)
    raise DatasetError(f"{place}: expected data with the address of an image, got {data!r:.60}")


@dataclass(frozen=True, eq=False)
class _Results:
    """The regions of one answer; what is said of a region comes in entries with its id."""

    entries: list[Any]
    place: str
    annotator: str
    notes: Notes

    def __post_init__(self) -> None:
        for entry in self.entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("value"), dict):
                raise DatasetError(f"{self.place}: expected results with a value")

    @property
    def size(self) -> tuple[int, int] | None:
        """Of the image, if a region tells."""
        for entry in self.entries:
            if "original_width" in entry:
                width, height = (
                    side(entry.get(f"original_{key}"), key, self.place)
                    for key in ("width", "height")
                )
                return width, height
        return None

    def drawn(self) -> Iterator[Drawn]:
        """The boxes."""
        for entry in self.entries:
            value = entry["value"]
            if not {"x", "y", "width", "height"} <= value.keys():
                kind = str(entry.get("type"))
                if kind not in ("labels", "choices"):
                    self.notes.add("dropped", f"region {kind!r}: not a box", self.place)
                continue
            flags = self._flags(entry.get("id"))
            if flags.get("occluded"):
                what = f"occluded: {OCCLUDED:.0%} hidden, as a rule of thumb"
                self.notes.add("mapped", what, self.place)
            yield Drawn(
                xyxy=self._box(value),
                label=self._label(entry),
                place=self.place,
                ignore=next((key for key in ("ignore", "iscrowd") if flags.get(key)), ""),
                occlusion=OCCLUDED if flags.get("occluded") else None,
                truncated=flags.get("truncated"),
                annotator=self.annotator,
            )

    def _box(self, value: dict[str, Any]) -> Box:
        """Per cent of the image -> pixels; a turned box gives the upright one around it."""
        size = self.size
        if size is None:
            raise DatasetError(f"{self.place}: expected original_width and original_height")
        x, y, width, height = (
            number(value[key], key, self.place) * scale / 100
            for key, scale in zip(("x", "y", "width", "height"), size * 2, strict=True)
        )
        turn = math.radians(number(value.get("rotation", 0), "rotation", self.place))
        if not turn:
            return x, y, x + width, y + height
        self.notes.add("mapped", "turned box: the upright one around it", self.place)
        corners = [(dx, dy) for dx in (0, width) for dy in (0, height)]
        xs = [x + dx * math.cos(turn) - dy * math.sin(turn) for dx, dy in corners]
        ys = [y + dx * math.sin(turn) + dy * math.cos(turn) for dx, dy in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def _label(self, entry: dict[str, Any]) -> str:
        """The region's own label, or that of another entry with its id."""
        same = [one for one in self.entries if one is entry or one.get("id") == entry.get("id", "")]
        for one in same:
            for key in ("rectanglelabels", "labels"):
                names = one["value"].get(key)
                if isinstance(names, list) and names:
                    return str(names[0])
        raise DatasetError(
            f"{self.place}: expected rectanglelabels in region {entry.get('id')!r:.40}"
        )

    def _flags(self, identity: Any) -> dict[str, bool]:
        """What is chosen for a region, of the questions that mean something here."""
        flags = {}
        for entry in self.entries:
            name = str(entry.get("from_name"))
            choices = entry["value"].get("choices")
            if entry.get("id") != identity or not isinstance(choices, list):
                continue
            if name in _FLAGS:
                flags[name] = any(flag(choice) or choice == name for choice in choices)
            else:
                self.notes.add("dropped", f"choice {name!r} of boxes: not kept", self.place)
        return flags
