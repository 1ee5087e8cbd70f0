"""KITTI object labels: label_2/NAME.txt with image_2/NAME.png."""

from __future__ import annotations

from pathlib import Path

from belisha.errors import DatasetError
from training.data.formats.image_size import image_size
from training.data.formats.reading import Draft, Drawn, Notes, Options, Reading, settle
from training.data.formats.sources import find_files, image_beside, read_text
from training.data.formats.values import number
from training.data.records import Record

OCCLUSION = {0: 0.0, 1: 0.25, 2: 0.65}
"""KITTI gives classes, not shares: visible, partly, largely hidden. 3 is unknown, -1 not said."""


def read(path: Path, options: Options) -> Reading:
    """Read KITTI labels; see `training.data.formats`."""
    labels = next((path / name for name in ("label_2", "labels") if (path / name).is_dir()), path)
    images = options.images or path / "image_2"
    notes = Notes()
    drafts = []
    for file in find_files(labels, frozenset({".txt"})):
        image = image_beside(images / file.relative_to(labels).with_suffix(""))
        if image is None:
            notes.add("dropped", "labels without an image", str(file))
            continue
        width, height = image_size(image)
        drawn = [
            _drawn(line.split(), f"{file}:{index}", notes)
            for index, line in enumerate(read_text(file).splitlines(), 1)
            if line.strip()
        ]
        record = Record(
            sha256="",
            name=image.relative_to(images).as_posix(),
            source="",
            width=width,
            height=height,
            annotations=settle(drawn, width, height, options, notes),
        )
        drafts.append(Draft(path=image, record=record))
    return Reading(drafts=tuple(drafts), findings=notes.findings())


def _drawn(words: list[str], place: str, notes: Notes) -> Drawn:
    """`type truncated occluded alpha left top right bottom ...`, 15 words or more."""
    if len(words) not in (15, 16):
        raise DatasetError(
            f"{place}: expected 15 words (type truncated occluded alpha, box, size, place, turn), "
            f"got {len(words)}"
        )
    truncated, occluded = (
        number(word, name, place)
        for word, name in zip(words[1:3], ("truncated", "occluded"), strict=True)
    )
    left, top, right, bottom = (number(word, "the box", place) for word in words[4:8])
    occlusion = OCCLUSION.get(int(occluded))
    if occlusion:
        what = f"occlusion class {int(occluded)}: {occlusion:.0%} hidden, as a rule of thumb"
        notes.add("mapped", what, place)
    return Drawn(
        xyxy=(left, top, right, bottom),
        label=words[0],
        place=place,
        occlusion=occlusion,
        truncated=None if truncated < 0 else truncated > 0,
    )
