"""Detectors look at the pictures of data sets; what they find is kept picture by picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from tqdm import tqdm

from belisha.boxes import Boxes
from belisha.bundle import write_whole
from belisha.errors import DatasetError, UsageError
from belisha.frames import Image
from training.data.coco import Dataset, Sample
from training.data.picture import read_image
from training.teaching.found import Found, read_found

LEAST_SCORE = 0.1
SAVE_SECONDS = 60.0


def find(
    detector: Callable[[Image], Boxes], datasets: Sequence[Dataset], out: Path, teachers: str
) -> Found:
    """Look at every picture that the file does not know yet.

    Args:
        detector: (H, W, 3) uint8 BGR -> boxes in pixels of that image.
        datasets: whose pictures; no two may have the same name.
        out: file that is begun or continued.
        teachers: who looks, in words; kept in the file.

    Raises:
        UsageError: the file is of other teachers.
        DatasetError: a picture cannot be read, or two have one name.
    """
    samples = [sample for dataset in datasets for sample in dataset.samples]
    _check_names(samples)
    found = _begun(out, teachers)
    saved = time.monotonic()
    try:
        for sample in tqdm(samples, desc="find", unit="image", disable=None):
            if sample.name in found.pictures:
                continue
            found.pictures[sample.name] = _rows(detector(read_image(sample)))
            if time.monotonic() - saved > SAVE_SECONDS:
                write_whole(out, msgspec.json.encode(found))
                saved = time.monotonic()
    finally:
        write_whole(out, msgspec.json.encode(found))
    return found


def _begun(out: Path, teachers: str) -> Found:
    if not out.exists():
        return Found(teachers, {})
    found = read_found(out)
    if found.teachers != teachers:
        raise UsageError(
            f"{out}: expected what {teachers} found, got {found.teachers}: choose another file"
        )
    return found


def _check_names(samples: Sequence[Sample]) -> None:
    seen: set[str] = set()
    for sample in samples:
        if sample.name in seen:
            raise DatasetError(
                f"{sample.name}: two pictures have this name: look one set at a time"
            )
        seen.add(sample.name)


def _rows(boxes: Boxes) -> list[tuple[float, float, float, float, float]]:
    """Boxes and scores as numbers, to a hundredth of a pixel and a thousandth."""
    return [
        (round(left, 2), round(top, 2), round(right, 2), round(bottom, 2), round(score, 3))
        for (left, top, right, bottom), score in zip(
            boxes.xyxy.tolist(), boxes.scores.tolist(), strict=True
        )
        if score > LEAST_SCORE
    ]
