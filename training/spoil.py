"""What cameras, light and lossy links do to a picture; one function each, boxes stay as they are.

Each takes and gives (H, W, 3) uint8 BGR; `spoil` applies a chance selection in the order in which a
camera does: light, optics, sensor, link.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from belisha.frames import Image

Step = Callable[[Image, np.random.Generator], Image]


def light(image: Image, generator: np.random.Generator) -> Image:
    """Another gain, offset and gamma, and a cast of colour."""
    gamma = np.exp(generator.normal(0, 0.25))
    gain = generator.uniform(0.7, 1.3) * generator.uniform(0.9, 1.1, 3)
    offset = generator.uniform(-15, 15)
    levels = 255 * (np.arange(256)[:, None] / 255) ** gamma * gain + offset
    table = np.clip(np.round(levels), 0, 255).astype(np.uint8)
    return _bytes(cv2.LUT(image, table[None]))


def grey(image: Image, _: np.random.Generator) -> Image:
    """No colour, as from an infrared camera or at dusk."""
    return _bytes(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))


def defocus(image: Image, generator: np.random.Generator) -> Image:
    """A blur of all directions."""
    return _bytes(cv2.GaussianBlur(image, (0, 0), generator.uniform(0.4, 1.3)))


def shake(image: Image, generator: np.random.Generator) -> Image:
    """A blur along one direction, a few pixels long."""
    length = int(generator.integers(3, 8))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    centre = (length - 1) / 2
    turn = cv2.getRotationMatrix2D((centre, centre), generator.uniform(-45, 45), 1.0)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return _bytes(cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-6)))


def low_resolution(image: Image, generator: np.random.Generator) -> Image:
    """Detail lost to a coarser sensor or a scaler."""
    height, width = image.shape[:2]
    factor = generator.uniform(0.45, 0.9)
    small = cv2.resize(
        image,
        (max(int(width * factor), 1), max(int(height * factor), 1)),
        interpolation=cv2.INTER_AREA,
    )
    return _bytes(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def noise(image: Image, generator: np.random.Generator) -> Image:
    """The sensor's noise, equal in all channels."""
    height, width = image.shape[:2]
    # A tile of noise, shifted: drawing a number for each pixel would cost as much as all the rest.
    tile = generator.standard_normal((64, 96), np.float32) * generator.uniform(2, 12)
    grains = np.tile(np.round(tile).astype(np.int16), (height // 64 + 1, width // 96 + 1))
    grains = grains[:height, :width]
    return _bytes(cv2.add(image, cv2.merge([grains] * 3), dtype=cv2.CV_8U))


def compress(image: Image, generator: np.random.Generator) -> Image:
    """The blocks of a JPEG stream."""
    quality = int(generator.integers(20, 80))
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _bytes(cv2.imdecode(coded, cv2.IMREAD_COLOR))


STEPS: tuple[tuple[float, Step], ...] = (
    (0.8, light),
    (0.05, grey),
    (0.12, defocus),
    (0.08, shake),
    (0.15, low_resolution),
    (0.25, noise),
    (0.15, compress),
)
"""Probability of each step, in order."""


def spoil(image: Image, generator: np.random.Generator, strength: float) -> Image:
    """Apply each step with its probability times `strength`."""
    for probability, step in STEPS:
        if generator.random() < probability * strength:
            image = step(image, generator)
    return image


def _bytes(image: object) -> Image:
    """OpenCV's result, for the type checker."""
    return np.asarray(image, np.uint8)
