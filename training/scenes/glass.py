"""The windscreen and the lens: drops, dirt, and what the dashboard mirrors in the glass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from training.scenes.mesh import Floats
from training.scenes.scene import Scene
from training.scenes.textures import clouds


@dataclass(frozen=True, eq=False)
class Pane:
    """What is on the glass.

    Attributes:
        picture: (H, W, 4) uint8, row 0 at the top: how far light is bent to the right and down
            (128: not at all), how much of it is blurred, and how much foreign light is added.
        veil: strength of that foreign light.
    """

    picture: NDArray[np.uint8]
    veil: float


def pane_of(scene: Scene, seconds: float) -> Pane:
    """The glass of a scene; drops come and go with time."""
    camera, conditions = scene.camera, scene.conditions
    size, strength = (camera.width, camera.height), conditions.glass_strength
    wipe = int(seconds / 0.9) if conditions.weather == "rain" else 0
    if conditions.glass == "drops":
        return _drops(size, round(strength, 3), scene.seed + wipe, (seconds % 0.9) / 0.9)
    if conditions.glass == "dirt":
        return _dirt(size, round(strength, 3), scene.seed)
    if conditions.glass == "reflection":
        return _reflection(size, round(strength, 3), scene.seed)
    return _clean(size)


@lru_cache(maxsize=4)
def _clean(size: tuple[int, int]) -> Pane:
    return Pane(_picture(size), 0.0)


def _picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    picture[:, :, :2] = 128
    return picture


def _drops(size: tuple[int, int], strength: float, seed: int, share: float) -> Pane:
    """Drops since the wiper last passed: each bends the light as a small lens."""
    generator = np.random.default_rng([seed, 11])
    width, height = size
    count = round(width * height / 640 / 480 * 260 * strength)
    x, y = generator.uniform(0, width, count), generator.uniform(0, height, count)
    radius = np.exp(generator.normal(0.75, 0.45, count)) * height / 480
    born = generator.uniform(-0.25, 1, count)
    picture = _picture(size)
    for i in np.flatnonzero(born < share):
        _drop(picture, float(x[i]), float(y[i]), float(radius[i]))
    return Pane(picture, 0.12 * strength)


def _drop(picture: NDArray[np.uint8], x: float, y: float, radius: float) -> None:
    tall = radius * 1.25
    left, right = max(int(x - radius), 0), min(int(x + radius) + 2, picture.shape[1])
    top, bottom = max(int(y - tall), 0), min(int(y + tall) + 2, picture.shape[0])
    v, u = np.mgrid[top:bottom, left:right].astype(float)
    u, v = (u - x) / radius, (v - y) / tall
    inside = u * u + v * v < 1
    region = picture[top:bottom, left:right]
    bend = np.stack([128 - 34 * u * radius / 3, 128 - 34 * v * radius / 3], -1)
    region[inside, :2] = np.clip(bend, 0, 255)[inside]
    region[inside, 2] = 110
    region[inside, 3] = 40


@lru_cache(maxsize=4)
def _dirt(size: tuple[int, int], strength: float, seed: int) -> Pane:
    """Dried splashes and a film of dust, thicker towards the wiper's edge."""
    generator = np.random.default_rng([seed, 12])
    width, height = size
    film = _noise(generator, size, 1.9)
    spots = _noise(generator, size, 1.15)
    y = np.linspace(-1, 1, height)[:, None]
    x = np.linspace(-1, 1, width)[None]
    thick = 0.25 + 0.22 * film + 0.35 * (x * x + y * y)
    blots = np.clip((spots - 2.3 + 0.9 * strength) * 1.6, 0, 1)
    # The camera looks far ahead: what is on the glass is out of focus.
    soft = np.asarray(cv2.GaussianBlur(blots, (0, 0), height / 160), np.float32)
    cover = np.clip((thick + soft) * strength, 0, 1)
    picture = _picture(size)
    picture[:, :, 2] = np.clip(cover * 235, 0, 255)
    picture[:, :, 3] = np.clip(cover * 200, 0, 255)
    return Pane(picture, 0.22 * strength)


@lru_cache(maxsize=4)
def _reflection(size: tuple[int, int], strength: float, seed: int) -> Pane:
    """The dashboard in the glass: a bright vent, the edge of a paper, and a sheen."""
    generator = np.random.default_rng([seed, 13])
    width, height = size
    canvas = np.zeros((height, width), np.float32)
    for _ in range(int(generator.integers(2, 5))):
        left, top = generator.uniform(0, 0.85) * width, generator.uniform(0.35, 0.9) * height
        wide, tall = generator.uniform(0.06, 0.3) * width, generator.uniform(0.02, 0.09) * height
        corners = np.array(
            [(0, 0), (wide, -tall * 0.3), (wide * 1.1, tall * 0.8), (-wide * 0.1, tall)]
        )
        shape = (corners + np.array((left, top))).astype(np.int32)
        cv2.fillPoly(canvas, [shape], float(generator.uniform(0.2, 0.6)))
    soft = np.asarray(cv2.GaussianBlur(canvas, (0, 0), height / 60), np.float32)
    sheen = np.linspace(0, 0.5, height, dtype=np.float32)[:, None] ** 1.5
    picture = _picture(size)
    picture[:, :, 3] = np.clip((soft * 0.6 + sheen) * 255, 0, 255)
    return Pane(picture, 0.30 * strength)


def _noise(generator: np.random.Generator, size: tuple[int, int], steepness: float) -> Floats:
    return np.asarray(cv2.resize(clouds(generator, steepness, 256), size), np.float32)
