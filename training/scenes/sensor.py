"""A cheap camera behind the glass: motion and lens blur, rain in the air, noise by light, JPEG.

Works on finished pictures, on top of what `training.spoil` offers.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from belisha.frames import Image
from training.scenes.light import Light
from training.scenes.mesh import Floats


@dataclass(frozen=True)
class Sensor:
    """One camera's faults.

    Attributes:
        blur_px: standard deviation of the lens's blur.
        noise: of a pixel in good light, in bytes; grows to five times that at full gain.
        jpeg_quality: 1 to 100; 0 leaves the picture as it is.
        cast: gains of blue, green and red.
        saturation: 1 leaves colours as they are.
    """

    blur_px: float = 0.55
    noise: float = 1.6
    jpeg_quality: int = 0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    saturation: float = 0.82


def draw_sensor(generator: np.random.Generator) -> Sensor:
    """Another camera each time."""
    blue, green, red = generator.normal(1, 0.035, 3).tolist()
    return Sensor(
        blur_px=float(generator.uniform(0.4, 0.9)),
        noise=float(generator.uniform(0.8, 2.6)),
        jpeg_quality=int(generator.integers(55, 93)),
        cast=(blue, green, red),
        saturation=float(generator.uniform(0.55, 0.95)),
    )


def expose(
    image: Image, sensor: Sensor, light: Light, speed_mps: float, generator: np.random.Generator
) -> Image:
    """What the camera makes of a clean picture.

    Args:
        image: (H, W, 3) uint8 BGR.
        sensor: the camera.
        light: of the scene; little light, much noise.
        speed_mps: of the own car; the picture's edges smear with it.
        generator: the chance of this picture.
    """
    picture = image.astype(np.float32)
    if light.rain > 0:
        picture = _rain(picture, light, generator)
    picture = _smear(picture, speed_mps * (0.3 + 0.7 * light.gain))
    sigma = sensor.blur_px * image.shape[0] / 480
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    grey = picture.mean(2, keepdims=True)
    picture = (grey + (picture - grey) * sensor.saturation) * np.array(sensor.cast, np.float32)
    picture = picture + _noise(picture, sensor.noise * (1 + 4 * light.gain), generator)
    finished = np.asarray(np.clip(picture + 0.5, 0, 255), np.uint8)
    if sensor.jpeg_quality:
        quality = [cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg_quality]
        _, coded = cv2.imencode(".jpg", finished, quality)
        finished = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return finished


def _rain(picture: Floats, light: Light, generator: np.random.Generator) -> Floats:
    """Falling drops: short pale strokes, near ones long and faint."""
    height, width = picture.shape[:2]
    strokes = np.zeros((height, width), np.float32)
    slant = generator.normal(0.0, 0.06)
    for _ in range(round(220 * light.rain * width * height / 640 / 480)):
        x, y = generator.uniform(0, width), generator.uniform(-20, height)
        length = height * generator.gamma(2.0, 0.014)
        # Towards a moving car the drops come out of the middle.
        lean = slant + (x / width - 0.5) * 0.5
        start, end = (int(x), int(y)), (int(x + lean * length), int(y + length))
        cv2.line(strokes, start, end, float(generator.uniform(0.15, 0.5)), 1, cv2.LINE_AA)
    soft = np.asarray(cv2.GaussianBlur(strokes, (0, 0), 0.7), np.float32)[:, :, None]
    pale = max(float(picture.mean()) * 1.35, 40.0)
    return np.asarray(picture + (pale - picture) * soft * 0.32, np.float32)


def _smear(picture: Floats, speed: float) -> Floats:
    """Motion: what is at the edge moves outwards while the shutter is open."""
    height, width = picture.shape[:2]
    grow = 1 + 0.00045 * speed
    if grow < 1.0015:
        return picture
    turn = np.array(
        [[grow, 0, (1 - grow) * width / 2], [0, grow, (1 - grow) * height * 0.45]], np.float32
    )
    moved = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray((picture + moved) / 2, np.float32)


def _noise(picture: Floats, size: float, generator: np.random.Generator) -> Floats:
    """Of each pixel, and coarser blots of colour as a cheap camera's filter leaves them."""
    height, width = picture.shape[:2]
    fine = generator.standard_normal((height, width, 1), np.float32)
    coarse = generator.standard_normal((height // 4 + 1, width // 4 + 1, 3), np.float32)
    blots = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    dark = 1.25 - 0.6 * picture.mean(2, keepdims=True) / 255
    return np.asarray((fine * 0.8 + blots * 0.5) * size * dark, np.float32)
