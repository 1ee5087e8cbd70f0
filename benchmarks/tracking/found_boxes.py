"""What trackers are given: a detector's boxes, or the truth with errors drawn by chance."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from belisha.boxes import Boxes, FloatArray, as_xyxy
from belisha.detector import Detector
from benchmarks.tracking.drives import HEIGHT, WIDTH, Drive
from benchmarks.tracking.followers import Detected

MISSED = 0.12
"""Share of people who are not found in a frame."""
UNSURE = 0.15
"""Share of people who are found with a low score."""
FALSE_PER_FRAME = 0.3
_JITTER = 0.04
"""Standard error of each edge, as a share of the box's height."""


def detected(drive: Drive, detector: Detector) -> Detected:
    """The detector's boxes in each frame."""
    frames = tqdm(
        drive.images(),
        total=len(drive.truth.frames),
        desc=drive.truth.name,
        unit="frame",
        disable=None,
    )
    return Detected(drive, tuple(detector(image) for image in frames))


def drawn(drive: Drive, seed: int = 0) -> Detected:
    """The truth with errors of a kind and number that are known; hidden people are not found."""
    chance = np.random.default_rng([seed, *drive.truth.name.encode()])
    frames = []
    for people in drive.truth.frames:
        seen = [one.xyxy for one in people if not one.dont_care and chance.random() > MISSED]
        xyxy = _jittered(as_xyxy(seen), chance)
        low = chance.random(len(xyxy)) < UNSURE
        scores = np.where(
            low, chance.uniform(0.15, 0.4, len(xyxy)), chance.uniform(0.4, 1, len(xyxy))
        )
        wrong = _false_boxes(int(chance.poisson(FALSE_PER_FRAME)), chance)
        frames.append(
            _ordered(
                np.concatenate([xyxy, wrong]),
                np.concatenate([scores, chance.uniform(0.15, 0.7, len(wrong))]),
            )
        )
    return Detected(drive, tuple(frames))


def _jittered(xyxy: FloatArray, chance: np.random.Generator) -> FloatArray:
    tall = xyxy[:, 3:] - xyxy[:, 1:2]
    noise = chance.normal(0, _JITTER, xyxy.shape) * tall
    return np.clip(xyxy + noise, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32)


def _false_boxes(count: int, chance: np.random.Generator) -> FloatArray:
    """Boxes of nobody, shaped like people."""
    tall = chance.uniform(20, 120, count)
    x = chance.uniform(0, WIDTH, count)
    foot = HEIGHT * chance.uniform(0.5, 0.8, count)
    return as_xyxy(np.stack([x - tall / 5, foot - tall, x + tall / 5, foot], axis=1))


def _ordered(xyxy: FloatArray, scores: np.ndarray) -> Boxes:
    order = np.argsort(-scores, kind="stable")
    return Boxes(xyxy[order], scores[order].astype(np.float32))
