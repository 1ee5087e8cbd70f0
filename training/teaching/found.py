"""People that teachers found and that nobody drew: added with the chance that they are right.

`python -m training find` writes the file. A box counts as a person with the chance that its score
deserves, anew each time the picture is shown, and as don't care otherwise; so a bystander whom an
annotator left out is no longer taught as background.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from belisha.boxes import BoolArray, FloatArray, ioa, iou
from belisha.documents import parse_json, read_bounded
from training.data.coco import Dataset, Sample

MAX_BYTES = 256 * 1024**2
SURE = (0.25, 0.70)
"""Scores at which nothing and everything is a person. Seen on CamVid, where every person has a
mask: of the ensemble's boxes scored .3 to .4 a third are people or don't care, from .7 on nine in
ten."""
KNOWN_OVERLAP, INSIDE = 0.4, 0.5
"""A box that overlaps a drawn one so much, or lies so far in a don't-care region, is not new."""


@dataclass(frozen=True)
class Found:
    """Boxes by picture.

    Attributes:
        teachers: who found them, in words.
        pictures: file name -> rows of left, top, right, bottom in its pixels, and a score.
    """

    teachers: str
    pictures: dict[str, list[tuple[float, float, float, float, float]]]


def with_found(dataset: Dataset, path: Path) -> Dataset:
    """The data set with what the file adds.

    Raises:
        ConfigError: the file is absent or malformed.
    """
    found = read_found(path)
    samples = tuple(
        _with_rows(sample, found.pictures.get(sample.name, [])) for sample in dataset.samples
    )
    return replace(dataset, samples=samples)


def read_found(path: Path) -> Found:
    """Read what `training.teaching.find` wrote.

    Raises:
        ConfigError: the file is absent or malformed.
    """
    return parse_json(read_bounded(path, MAX_BYTES), Found, str(path))


def _with_rows(sample: Sample, rows: list[tuple[float, float, float, float, float]]) -> Sample:
    """The sample with those boxes that say something new."""
    boxes = np.array(rows, np.float32).reshape(-1, 5)
    boxes = boxes[boxes[:, 4] > SURE[0]]
    boxes = boxes[is_new(boxes[:, :4], sample.xyxy, sample.dont_care)]
    sure = np.clip((boxes[:, 4] - SURE[0]) / (SURE[1] - SURE[0]), 0, 1)
    return replace(
        sample,
        xyxy=np.concatenate([sample.xyxy, boxes[:, :4]]),
        dont_care=np.concatenate([sample.dont_care, np.zeros(len(boxes), np.bool_)]),
        certainty=np.concatenate([np.ones(len(sample.xyxy)), sure]).astype(np.float32),
        hidden=None,
    )


def is_new(found: FloatArray, drawn: FloatArray, dont_care: BoolArray) -> BoolArray:
    """(F, 4) found, (M, 4) drawn with (M,) don't care -> (F,) whether nobody drew it."""
    if not len(found) or not len(drawn):
        return np.ones(len(found), np.bool_)
    inside = (ioa(found, drawn) >= INSIDE) & dont_care[None]
    known = (iou(found, drawn) >= KNOWN_OVERLAP) | inside
    return np.logical_not(known.any(axis=1))
