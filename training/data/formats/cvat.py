"""CVAT's XML 1.1, for images and for video: annotations.xml with images/.

A folder of XML files about the same images is a panel: one annotator each, by the assignee of the
task or else the file's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from belisha.errors import DatasetError
from training.data.formats.annotators import Answer, merged
from training.data.formats.image_size import image_size
from training.data.formats.reading import Drawn, Notes, Options, Reading
from training.data.formats.sources import find_files, image_beside
from training.data.formats.values import flag, number, side
from training.data.formats.xml_tree import Element, read_xml
from training.data.records import Box

OCCLUDED = 0.5
"""CVAT flags that a part is hidden, not how much."""
MAX_FRAMES = 10_000_000


def read(path: Path, options: Options) -> Reading:
    """Read CVAT's XML; see `training.data.formats`."""
    files = find_files(path, frozenset({".xml"})) if path.is_dir() else [path]
    beside = (path if path.is_dir() else path.parent) / "images"
    images = options.images or (beside if beside.is_dir() else beside.parent)
    notes = Notes()
    answers: list[Answer] = []
    for file in files:
        root = read_xml(file, "annotations")
        annotator = _annotator(root) or (_own_name(file, path) if len(files) > 1 else "")
        source = _Source(file, images, root, annotator, notes)
        answers.extend(source.answers())
    return merged(answers, options, notes)


def _annotator(root: Element) -> str:
    """Who the task or job was given to."""
    meta = root.find("meta")
    found = (meta.words(kind, "assignee", "username") for kind in ("job", "task")) if meta else ()
    return next((name for name in found if name), "")


def _own_name(file: Path, folder: Path) -> str:
    """What tells a file from the others: `ada.xml` or `ada/annotations.xml`."""
    return file.relative_to(folder).with_suffix("").as_posix().removesuffix("/annotations")


@dataclass(frozen=True, eq=False)
class _Source:
    """One XML file."""

    file: Path
    images: Path
    root: Element
    annotator: str
    notes: Notes

    def answers(self) -> Iterator[Answer]:
        """What the annotator said of each image."""
        for element in self.root.all("image"):
            yield from self._of_image(element)
        if next(self.root.all("track"), None) is not None:
            yield from self._of_video()

    def _place(self, element: Element) -> str:
        return f"{self.file}:{element.line}"

    def _of_image(self, element: Element) -> Iterator[Answer]:
        place = self._place(element)
        name = element.attributes.get("name", "")
        path = _inside(self.images, name)
        if path is None or not path.is_file():
            self.notes.add("dropped", "annotations of an image that is not there", place)
            return
        width, height = (
            side(element.attributes.get(key), key, place) for key in ("width", "height")
        )
        boxes = [box for child in element.children for box in self._drawn(child, child.attributes)]
        yield Answer(path, name, width, height, self.annotator, tuple(boxes))

    def _of_video(self) -> Iterator[Answer]:
        """Frame by frame; a frame whose picture is there and where nothing is drawn, is empty."""
        by_frame: dict[int, list[Drawn]] = {}
        for track in self.root.all("track"):
            for child in track.children:
                if flag(child.attributes.get("outside", "0")):
                    continue
                frame = number(child.attributes.get("frame"), "frame", self._place(child))
                if not 0 <= frame < MAX_FRAMES:
                    raise DatasetError(f"{self._place(child)}: expected a frame, got {frame:g}")
                label = {"label": track.attributes.get("label", "")}
                for box in self._drawn(child, {**child.attributes, **label}):
                    identity = replace(box, track=track.attributes.get("id", ""))
                    by_frame.setdefault(int(frame), []).append(identity)
        pictures = self._pictures()
        for frame in sorted(by_frame.keys() - pictures.keys()):
            place = by_frame[frame][0].place
            self.notes.add("dropped", "boxes of a frame without a picture", place)
        for frame, path in sorted(pictures.items()):
            width, height = image_size(path)
            boxes = tuple(by_frame.get(frame, ()))
            yield Answer(path, path.name, width, height, self.annotator, boxes)

    def _pictures(self) -> Mapping[int, Path]:
        """Frame -> picture; CVAT names them frame_000000."""
        found = {}
        for path in self.images.glob("frame_*"):
            digits = path.stem.removeprefix("frame_")
            if digits.isdecimal() and digits.isascii() and image_beside(path.with_suffix("")):
                found[int(digits)] = path
        return found

    def _drawn(self, element: Element, attributes: Mapping[str, str]) -> Iterator[Drawn]:
        """A <box>, or the box around a <polygon>; other shapes are no people."""
        place = self._place(element)
        if element.tag == "polygon":
            self.notes.add("mapped", "<polygon>: the box around it", place)
            xyxy = _around(attributes.get("points", ""), place)
        elif element.tag == "box":
            left, top, right, bottom = (
                number(attributes.get(key), key, place) for key in ("xtl", "ytl", "xbr", "ybr")
            )
            xyxy = left, top, right, bottom
        else:
            self.notes.add("dropped", f"<{element.tag}>: not a box", place)
            return
        said = {
            item.attributes.get("name", "").lower(): item.text for item in element.all("attribute")
        }
        occluded = flag(attributes.get("occluded", "0"))
        if occluded:
            self.notes.add("mapped", f"occluded: {OCCLUDED:.0%} hidden, as a rule of thumb", place)
        for name in said.keys() - {"ignore", "iscrowd", "truncated", "track"}:
            self.notes.add("dropped", f"attribute {name!r} of boxes: not kept", place)
        yield Drawn(
            xyxy=xyxy,
            label=attributes.get("label", ""),
            place=place,
            ignore=next((key for key in ("ignore", "iscrowd") if flag(said.get(key, ""))), ""),
            occlusion=OCCLUDED if occluded else 0.0,
            truncated=flag(said["truncated"]) if "truncated" in said else None,
            annotator=self.annotator,
            track=said.get("track", ""),
        )


def _inside(folder: Path, name: str) -> Path | None:
    """The file of a name below a folder; None for a name that leads elsewhere."""
    pure = PurePosixPath(name)
    if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts:
        return None
    return folder / pure


def _around(points: str, place: str) -> Box:
    """`x,y;x,y;...` -> the box around."""
    pairs = [pair.split(",") for pair in points.split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise DatasetError(f"{place}: expected points 'x,y;x,y', got {points!r:.60}")
    xs, ys = ([number(pair[axis], "points", place) for pair in pairs] for axis in (0, 1))
    return min(xs), min(ys), max(xs), max(ys)
