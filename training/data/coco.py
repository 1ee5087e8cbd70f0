"""Data sets in COCO's JSON: people, and regions where nobody is asked for an answer.

A data set is a folder with `annotations.json` and `images/`, or the JSON file itself. An
annotation with `ignore` or `iscrowd` is a don't-care region, in the loss and in every metric.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from belisha.boxes import BoolArray, FloatArray, as_xyxy, xywh_to_xyxy
from belisha.documents import load_json
from belisha.errors import ConfigError, DatasetError, UsageError
from belisha.frames import Image
from training.data.selection import parse_condition

MAX_ANNOTATION_BYTES = 2 * 1024**3


@dataclass(frozen=True, eq=False)
class Sample:
    """One image and the truth about it.

    Attributes:
        path: of the image file.
        width, height: in pixels, as the annotations say.
        xyxy: (M, 4) float32 boxes in pixels of the image.
        dont_care: (M,) true where a box is a don't-care region.
        attributes: everything else that the data set says of the image, as text: `file_name`,
            `sequence`, `split`, `time`, ...
        certainty: (M,) float32, the chance that there is a person in the box; absent where people
            drew them all. For training only: in an evaluation all boxes are certain.
        hidden: (M,) float32, the share of each person that something hides; NaN where nobody says.
    """

    path: Path
    width: int
    height: int
    xyxy: FloatArray
    dont_care: BoolArray
    attributes: Mapping[str, str] = field(default_factory=dict)
    certainty: FloatArray | None = None
    hidden: FloatArray | None = None

    @property
    def name(self) -> str:
        """The image's name within its data set."""
        return self.attributes["file_name"]

    @property
    def people(self) -> FloatArray:
        """(K, 4) boxes of the people that count."""
        return self.xyxy[~self.dont_care]


class Pixels(Protocol):
    """Pictures that are decoded already, at their training size."""

    def find(self, sample: Sample) -> Image | None:
        """(H, W, 3) uint8 BGR, not to be written to; None if it is not among them."""
        ...


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples in a fixed order.

    Attributes:
        name: for people.
        samples: the images with their truth.
        pixels: pictures that need not be decoded again.
    """

    name: str
    samples: tuple[Sample, ...]
    pixels: Pixels | None = None

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def fingerprint(self) -> str:
        """sha256 over names, sizes and boxes: equal fingerprints, equal truth."""
        state = hashlib.sha256()
        for sample in self.samples:
            state.update(f"{sample.name} {sample.width} {sample.height}\n".encode())
            state.update(sample.xyxy.tobytes() + sample.dont_care.tobytes())
            if sample.certainty is not None:
                state.update(sample.certainty.tobytes())
        return state.hexdigest()

    def select(self, conditions: Iterable[str]) -> Dataset:
        """The samples that meet all conditions, such as `sequence=0006R0` or `file_name!=val_*`.

        Args:
            conditions: `attribute=pattern` or `attribute!=pattern`, shell wildcards allowed.

        Raises:
            UsageError: a condition cannot be read, or names an attribute that no image has.
            DatasetError: no image meets the conditions.
        """
        conditions = list(conditions)
        chosen = self.samples
        for condition in map(parse_condition, conditions):
            key = condition.key
            if not any(key in sample.attributes for sample in self.samples):
                known = sorted({key for sample in self.samples for key in sample.attributes})
                raise UsageError(f"no image of {self.name} has {key!r}; they have {known}")
            chosen = tuple(
                sample for sample in chosen if condition.meets(sample.attributes.get(key, ""))
            )
        if not chosen:
            raise DatasetError(f"no image of {self.name} meets {conditions}")
        return Dataset(" ".join([self.name, *conditions]), chosen, self.pixels)


def read_coco(source: Path | str) -> Dataset:
    """Read a data set.

    Args:
        source: its folder, or its JSON file.

    Raises:
        DatasetError: absent, malformed, or contradictory; the message names file and entry.
    """
    source = Path(source)
    path = source / "annotations.json" if source.is_dir() else source
    document = _load(path)
    boxes = _boxes_by_image(document, path)
    samples = []
    seen = set()
    for entry in document["images"]:
        try:
            if entry["id"] in seen:
                raise ValueError(f"the image id {entry['id']} stands twice")
            seen.add(entry["id"])
            samples.append(_sample(entry, boxes.pop(entry["id"], []), path.parent))
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{path}: image {_name(entry)}: {error!r}") from error
    if boxes:
        raise DatasetError(f"{path}: annotations of unknown images: {sorted(map(str, boxes))[:5]}")
    if not samples:
        raise DatasetError(f"{path}: it lists no images")
    return Dataset(path.parent.name, tuple(samples))


def _load(path: Path) -> dict[str, Any]:
    """The JSON document, its top level checked."""
    try:
        if path.stat().st_size > MAX_ANNOTATION_BYTES:
            raise DatasetError(f"{path}: longer than {MAX_ANNOTATION_BYTES} bytes: split it")
        document = load_json(path.read_bytes(), str(path))
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read: {error.strerror}: "
            "expected a folder with annotations.json and images/, or a COCO JSON file"
        ) from error
    except ConfigError as error:
        raise DatasetError(str(error)) from error
    for key in ("images", "annotations"):
        if not isinstance(document, dict) or not isinstance(document.get(key), list):
            raise DatasetError(f"{path}: expected COCO's list {key!r}")
    categories = document.get("categories")
    if isinstance(categories, list) and len(categories) > 1:
        names = ", ".join(map(_name, categories))
        raise DatasetError(
            f"{path}: expected one category, people; got {names}: drop what is not a person"
        )
    return dict(document)


def _boxes_by_image(document: dict[str, Any], path: Path) -> dict[Any, list[dict[str, Any]]]:
    """Annotations by image id."""
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for entry in document["annotations"]:
        if not isinstance(entry, dict) or "image_id" not in entry:
            raise DatasetError(f"{path}: annotation {_name(entry)} has no image_id")
        grouped.setdefault(entry["image_id"], []).append(entry)
    return grouped


def _sample(entry: dict[str, Any], annotations: list[dict[str, Any]], root: Path) -> Sample:
    """One image with its boxes; raises KeyError or ValueError where the entry is wrong."""
    width, height = int(entry["width"]), int(entry["height"])
    if width < 1 or height < 1:
        raise ValueError(f"expected a size of at least 1x1, got {width}x{height}")
    xywh = as_xyxy([_bbox(annotation) for annotation in annotations])
    if not np.isfinite(xywh).all() or (xywh[:, 2:] < 0).any():
        raise ValueError("a box is not finite or has a negative side")
    dont_care = np.array([_is_dont_care(annotation) for annotation in annotations], bool)
    folder = root / "images" if (root / "images").is_dir() else root
    attributes = {key: str(value) for key, value in entry.items() if key != "id"}
    path = folder / entry["file_name"]
    hidden = np.array([_hidden(annotation) for annotation in annotations], np.float32)
    return Sample(path, width, height, xywh_to_xyxy(xywh), dont_care, attributes, hidden=hidden)


def _bbox(annotation: dict[str, Any]) -> list[float]:
    """Left, top, width, height."""
    box = annotation["bbox"]
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(f"expected a bbox [x, y, width, height], got {box!r}")
    return box


def _hidden(annotation: dict[str, Any]) -> float:
    """Share of a person that is hidden; NaN where the annotation does not say."""
    if annotation.get("occlusion") is not None:
        return float(annotation["occlusion"])
    return 1 - float(annotation.get("visible_ratio", math.nan))


def _is_dont_care(annotation: dict[str, Any]) -> bool:
    return bool(annotation.get("ignore", 0) or annotation.get("iscrowd", 0))


def _name(entry: Any) -> str:
    """What an entry calls itself, for error messages."""
    if isinstance(entry, dict):
        names = (entry[key] for key in ("file_name", "name", "id") if key in entry)
        return str(next(names, "without a name"))
    return repr(entry)[:60]
