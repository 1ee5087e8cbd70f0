"""Golden frames: pictures that travel in a bundle, with what the float model finds on them.

A device that repeats the check finds the same people, or something is wrong with its engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from belisha.boxes import Boxes
from belisha.cameras.picture import read_picture
from belisha.detector import Detector
from belisha.errors import FrameError, UsageError
from belisha.frames import Image
from belisha.manifest import ExpectedBox, Golden, GoldenFrame

MIN_IOU = 0.9
MAX_SCORE_DIFFERENCE = 0.02
LEAST_THRESHOLD = 0.04
"""Lower scores are noise, whatever they agree with."""
DRAWN_ORIGIN = "drawn by Belisha: dummies in a street, no people, so a weak check"

_WIDTH, _HEIGHT = 640, 480


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to become a golden frame.

    Attributes:
        image_bgr: (H, W, 3) uint8.
        origin: where it comes from, for people.
    """

    image_bgr: Image
    origin: str


def read_pictures(paths: Sequence[Path]) -> tuple[Picture, ...]:
    """Pictures that the user chose.

    Raises:
        UsageError: one cannot be decoded.
    """
    try:
        return tuple(Picture(read_picture(path), path.name) for path in paths)
    except FrameError as error:
        raise UsageError(f"a golden frame is needed whole: {error}") from error


def drawn_pictures() -> tuple[Picture, ...]:
    """Two streets with dummies, the same on every call."""
    return tuple(Picture(_street(seed), DRAWN_ORIGIN) for seed in (1, 2))


def make_golden(detector: Detector, pictures: Sequence[Picture]) -> tuple[Golden, dict[str, bytes]]:
    """Run the float model on pictures.

    The threshold is the bundle's, or lower where no box would be left to compare.

    Returns:
        The check, and its frames as PNG by path in the bundle.

    Raises:
        EngineError: the model fails, or gives what its head layout does not allow.
    """
    found = [_detect(detector, picture.image_bgr) for picture in pictures]
    threshold = _telling_threshold(found, detector.threshold)
    frames = tuple(
        GoldenFrame(
            file=f"golden/{index}.png",
            origin=picture.origin,
            boxes=_expected(boxes[boxes.scores >= threshold]),
        )
        for index, (picture, boxes) in enumerate(zip(pictures, found, strict=True))
    )
    golden = Golden(
        threshold=threshold,
        min_iou=MIN_IOU,
        max_score_difference=MAX_SCORE_DIFFERENCE,
        frames=frames,
    )
    files = zip(frames, pictures, strict=True)
    return golden, {frame.file: _png(picture.image_bgr) for frame, picture in files}


def _detect(detector: Detector, image_bgr: Image) -> Boxes:
    """All boxes of a picture, down to the least score that means anything."""
    network_input, transform = detector.prepare(image_bgr)
    outputs = detector.infer(network_input)
    return detector.decode(outputs, transform, min(LEAST_THRESHOLD, detector.threshold))


def _telling_threshold(found: Sequence[Boxes], threshold: float) -> float:
    """`threshold`, or a lower one at which at least one box is clearly above it."""
    best = max(float(boxes.scores.max(initial=0)) for boxes in found)
    if best < LEAST_THRESHOLD:
        return threshold
    lower = max(best - 2 * MAX_SCORE_DIFFERENCE, LEAST_THRESHOLD)
    return round(min(threshold, lower), 4)


def _expected(boxes: Boxes) -> tuple[ExpectedBox, ...]:
    """Boxes as the manifest has them: to a thousandth of a pixel, in plain numbers."""
    sides = boxes.xyxy.astype(np.float64).round(3).tolist()
    scores = boxes.scores.astype(np.float64).round(6).tolist()
    return tuple(
        ExpectedBox(xyxy=(left, top, right, bottom), score=score)
        for (left, top, right, bottom), score in zip(sides, scores, strict=True)
    )


def _png(image_bgr: Image) -> bytes:
    return cv2.imencode(".png", image_bgr)[1].tobytes()


def _street(seed: int) -> Image:
    """(480, 640, 3) uint8 BGR: sky, houses, a road, dummies of different sizes, grain."""
    random = np.random.default_rng(seed)
    image = np.empty((_HEIGHT, _WIDTH, 3), np.uint8)
    horizon = _HEIGHT * 2 // 5
    image[:horizon] = (215, 200, 185)
    image[horizon:] = (95, 95, 95)
    for left in range(0, _WIDTH, 80):
        top = int(random.integers(20, horizon - 60))
        colour = random.integers(70, 190, 3).tolist()
        cv2.rectangle(image, (left, top), (left + 76, horizon + 20), colour, cv2.FILLED)
        for row in range(top + 12, horizon - 10, 30):
            cv2.rectangle(image, (left + 14, row), (left + 30, row + 16), (60, 50, 45), cv2.FILLED)
    for foot_x, height in zip(
        (90, 250, 420, 560), random.permutation((70, 110, 170, 240)).tolist(), strict=True
    ):
        _dummy(image, foot_x, horizon + 30 + height * 4 // 5, height, random)
    # Coarse grain: a PNG of fine noise would weigh more than the model.
    coarse = random.integers(-6, 7, (_HEIGHT // 16, _WIDTH // 16, 3))
    grain = coarse.repeat(16, axis=0).repeat(16, axis=1)
    return cast(Image, np.clip(image + grain, 0, 255).astype(np.uint8))


def _dummy(image: Image, x: int, bottom: int, height: int, random: np.random.Generator) -> None:
    """A jointed doll that stands at (x, bottom), `height` pixels tall, painted on the image."""

    def at(right: float, up: float) -> tuple[int, int]:
        return x + round(right * height), bottom - round(up * height)

    coat, legs = random.integers(20, 200, 3).tolist(), random.integers(20, 90, 3).tolist()
    skin = (150, 175, 215)
    limb = max(2, height // 11)
    for side in (-1, 1):
        cv2.line(image, at(0.04 * side, 0.48), at(0.08 * side, 0.02), legs, limb + 2)
        cv2.line(image, at(0.11 * side, 0.78), at(0.15 * side, 0.45), coat, limb)
        cv2.circle(image, at(0.15 * side, 0.43), limb // 2, skin, cv2.FILLED)
    torso = np.array([at(-0.13, 0.82), at(0.13, 0.82), at(0.1, 0.45), at(-0.1, 0.45)], np.int32)
    cv2.fillPoly(image, [torso], coat)
    cv2.ellipse(image, at(0, 0.92), (height // 17, height // 13), 0, 0, 360, skin, cv2.FILLED)
    cv2.ellipse(
        image, at(0, 0.94), (height // 16, height // 14), 0, 180, 360, (30, 35, 40), cv2.FILLED
    )
