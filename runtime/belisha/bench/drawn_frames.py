"""Frames to measure with where no clip is at hand: drawn, always the same."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from belisha.frames import Image

COUNT = 16


def draw_frames(width: int = 640, height: int = 480, count: int = COUNT) -> tuple[Image, ...]:
    """Grainy streets with upright figures that walk, (height, width, 3) uint8 BGR each."""
    return tuple(_draw(width, height, index) for index in range(count))


def _draw(width: int, height: int, index: int) -> Image:
    generator = np.random.default_rng(index)
    coarse = generator.integers(60, 160, (9, 12, 3)).astype(np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for lane in range(5):
        tall = height * (lane + 2) // 12
        left = (width * (lane + 1) // 6 + index * (lane + 1) * 3) % max(width - tall // 3, 1)
        bottom = min(height // 2 + tall, height - 1)
        shade = [40 + 35 * lane] * 3
        cv2.rectangle(image, (left, bottom - tall), (left + tall // 3, bottom), shade, cv2.FILLED)
    grain = generator.integers(-8, 9, image.shape)
    return cast(Image, np.clip(image + grain, 0, 255).astype(np.uint8))
