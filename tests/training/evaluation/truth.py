"""Small data sets and detections, written down or drawn at random."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from belisha.boxes import Boxes, as_xyxy
from training.data.coco import Dataset, Sample
from training.evaluation.ranking import Ranking

Row = tuple[float, float, float, float]

WIDTH, HEIGHT = 320, 240


def standing(height: float, left: float = 10, top: float = 10) -> Row:
    """A person of a height, half as wide."""
    return left, top, left + height / 2, top + height


def sample(people: Sequence[Row] = (), dont_care: Sequence[Row] = (), **attributes: str) -> Sample:
    """An image of 320x240 with its truth; there is no file behind it."""
    regions = np.array([False] * len(people) + [True] * len(dont_care), bool)
    attributes = {"file_name": "a.png"} | attributes
    path = Path(attributes["file_name"])
    return Sample(path, WIDTH, HEIGHT, as_xyxy([*people, *dont_care]), regions, attributes)


def dataset(*samples: Sample) -> Dataset:
    return Dataset("street", samples)


def boxes(*rows: tuple[Row, float]) -> Boxes:
    """Detections from (box, score) pairs, which come best first."""
    return Boxes(
        as_xyxy([row for row, _ in rows]), np.array([score for _, score in rows], np.float32)
    )


def ranking(verdicts: str, people: int, images: int) -> Ranking:
    """A ranked list in one letter a detection, best first: h for a hit, f for a false alarm.

    All of it happens on the first of `images` images.
    """
    scores = np.linspace(0.9, 0.1, len(verdicts), dtype=np.float32)
    hits = np.array([letter == "h" for letter in verdicts], bool)
    return Ranking(
        scores,
        hits,
        np.zeros(len(verdicts), np.intp),
        np.array([people] + [0] * (images - 1), np.intp),
    )


def random_scene(
    seed: int, images: int = 6, *, ties: bool = True
) -> tuple[tuple[Sample, ...], tuple[Boxes, ...]]:
    """Images with people, don't-care regions and detections good, bad, double and, often, tied."""
    generator = np.random.default_rng(seed)
    samples, found = [], []
    for _ in range(images):
        truth = _random_boxes(generator, int(generator.integers(0, 6)))
        regions = generator.random(len(truth)) < 0.25
        path = Path("a.png")
        samples.append(Sample(path, WIDTH, HEIGHT, truth, regions, {"file_name": "a.png"}))
        found.append(_random_detections(generator, truth, ties))
    return tuple(samples), tuple(found)


def _random_boxes(generator: np.random.Generator, count: int) -> np.ndarray:
    corner = generator.uniform(0, 200, (count, 2))
    size = generator.uniform(8, 80, (count, 1)) * [0.45, 1]
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def _random_detections(generator: np.random.Generator, truth: np.ndarray, ties: bool) -> Boxes:
    """Each person found up to three times, more or less well, and some false alarms."""
    copies = np.repeat(truth, generator.integers(0, 4, len(truth)), axis=0)
    copies = copies + generator.normal(0, 4, copies.shape).astype(np.float32)
    xyxy = np.concatenate([copies, _random_boxes(generator, int(generator.integers(0, 8)))])
    digits = int(generator.integers(1, 4)) if ties else 9  # few digits make equal scores
    scores = np.sort(generator.uniform(0, 1, len(xyxy)).round(digits))[::-1]
    order = generator.permutation(len(xyxy))
    return Boxes(xyxy[order].astype(np.float32), scores.astype(np.float32))


def write_coco(
    folder: Path, images: Sequence[dict[str, object]], annotations: Sequence[dict[str, object]]
) -> Path:
    """A data set's `annotations.json`; gives its folder."""
    document = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "annotations.json").write_text(json.dumps(document))
    return folder
