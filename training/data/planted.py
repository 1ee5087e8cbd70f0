"""Copies planted among pictures, to see whether near-duplicates are found: recall, false alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from belisha.boxes import FloatArray
from belisha.frames import Image
from training.data.near_duplicates import SIMILAR, near_duplicates, thumbnail


def crop(image_bgr: Image, share: float = 0.03) -> Image:
    """Without so much of its top and right."""
    height, width = image_bgr.shape[:2]
    return image_bgr[round(height * share) :, : width - round(width * share)]


def recompress(image_bgr: Image, quality: int = 40) -> Image:
    """Through a JPEG."""
    data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cast(Image, cv2.imdecode(data, cv2.IMREAD_COLOR))


def move(image_bgr: Image, share: float = 0.01) -> Image:
    """Shifted to the right and down."""
    height, width = image_bgr.shape[:2]
    shift = np.array([[1, 0, share * width], [0, 1, share * height]], np.float32)
    border = cv2.BORDER_REPLICATE
    return cast(Image, cv2.warpAffine(image_bgr, shift, (width, height), borderMode=border))


def resize(image_bgr: Image, factor: float) -> Image:
    """Smaller or larger."""
    how = cv2.INTER_AREA
    return cast(Image, cv2.resize(image_bgr, None, fx=factor, fy=factor, interpolation=how))


def lighten(image_bgr: Image, factor: float, offset: float = 0.0) -> Image:
    """Brighter or darker, clipped."""
    return cast(Image, cv2.convertScaleAbs(image_bgr, alpha=factor, beta=offset))


CHANGES: Mapping[str, Callable[[Image], Image]] = {
    "cropped by 3 %": crop,
    "cropped by 5 %": lambda image: crop(image, 0.05),
    "cropped by 3 % all around": lambda image: crop(crop(image)[::-1, ::-1])[::-1, ::-1],
    "JPEG 40": recompress,
    "brighter": lambda image: lighten(image, 1.1, 30),
    "darker": lambda image: lighten(image, 0.5),
    "half the size": lambda image: resize(image, 0.5),
    "moved by 1 %": move,
    "moved by 2 %": lambda image: move(image, 0.02),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "cropped by 3 %, 0.6 of the size, JPEG 40, darker": lambda image: lighten(
        recompress(resize(crop(image), 0.6)), 0.8
    ),
}
"""What a picture goes through on its way from one data set to another."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """How copies of one kind were found.

    Attributes:
        change: what was done to them.
        copies: how many there were.
        found: how many were paired with their original.
        strangers: pairs of a copy with another picture than its original, and of another sequence.
        pairs: of a copy with a picture of another sequence, altogether.
    """

    change: str
    copies: int
    found: int
    strangers: int
    pairs: int

    @property
    def recall(self) -> float:
        """Share of the copies that were found."""
        return self.found / max(self.copies, 1)

    @property
    def false_positive_rate(self) -> float:
        """Share of the pairs of strangers that were taken for copies."""
        return self.strangers / max(self.pairs, 1)


def find_planted(
    originals: FloatArray,
    sequences: Sequence[str],
    pictures: Mapping[int, Image],
    change: str,
    least: float = SIMILAR,
) -> Planted:
    """Plant changed copies of some pictures among all, and look for them.

    Args:
        originals: (N, 720) thumbnails of all pictures.
        sequences: (N) that they belong to.
        pictures: index -> picture, of those that are copied.
        change: one of `CHANGES`.
        least: similarity.
    """
    copies = [thumbnail(CHANGES[change](image)) for image in pictures.values()]
    count = len(originals)
    names = [f"{number:08}" for number in range(count + len(copies))]
    groups = [*sequences, *(f"copy {index}" for index in range(len(copies)))]
    pairs = near_duplicates(
        names, np.concatenate([originals, np.stack(copies)]), groups, least=least
    )
    source = list(pictures)
    found = strangers = 0
    for pair in pairs:
        first, second = int(pair.first), int(pair.second)
        if first >= count or second < count:
            continue  # two copies, or two pictures
        original = source[second - count]
        found += first == original
        strangers += sequences[first] != sequences[original]
    sizes = {name: sequences.count(name) for name in set(sequences)}
    return Planted(
        change=change,
        copies=len(copies),
        found=found,
        strangers=strangers,
        pairs=sum(count - sizes[sequences[index]] for index in source),
    )
