"""The texture array: small tiles, made here, that repeat without a seam.

Each layer is (SIDE, SIDE, 4) uint8; colour 128 leaves the paint as it is, alpha cuts leaves out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.scenes.mesh import Floats, Texture

SIDE = 256
_NEUTRAL = 0.5


def texture_array() -> NDArray[np.uint8]:
    """(layers, SIDE, SIDE, 4) uint8, in the order of `Texture`; always the same."""
    generator = np.random.default_rng(7)
    makers: dict[Texture, Callable[[], NDArray[np.floating]]] = {
        Texture.PLAIN: lambda: np.full((SIDE, SIDE), _NEUTRAL),
        Texture.ASPHALT: lambda: _asphalt(generator),
        Texture.SLABS: lambda: _slabs(generator),
        Texture.BRICK: lambda: _bricks(generator, rows=16, columns=6, mortar=0.25),
        Texture.PLASTER: lambda: _NEUTRAL + 0.05 * clouds(generator, 1.6) + _grain(generator, 0.02),
        Texture.CLOTH: lambda: _NEUTRAL + 0.045 * clouds(generator, 1.1) + _grain(generator, 0.05),
        Texture.LEAVES: lambda: _leaves(generator),
        Texture.TILES: lambda: _bricks(generator, rows=12, columns=10, mortar=-0.2),
        Texture.STONE: lambda: _bricks(generator, rows=5, columns=3, mortar=-0.08),
        Texture.GRASS: lambda: _NEUTRAL + 0.12 * clouds(generator, 0.8) + _grain(generator, 0.1),
        Texture.CLOUDS: lambda: _NEUTRAL + 0.17 * clouds(generator, 1.55),
    }
    return np.stack([_layer(makers[layer]()) for layer in Texture])


def clouds(generator: np.random.Generator, steepness: float, side: int = SIDE) -> Floats:
    """(side, side) noise that repeats, mean 0 and deviation 1; a greater steepness is smoother."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(generator.standard_normal((side, side))) / frequency**steepness
    noise = np.fft.ifft2(spectrum).real
    return np.asarray(noise / noise.std(), np.float32)


def _grain(generator: np.random.Generator, size: float) -> Floats:
    return np.asarray(generator.normal(0, size, (SIDE, SIDE)), np.float32)


def _layer(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A grey or RGBA picture of 0 to 1 as a layer."""
    if values.ndim == 2:
        grey = np.repeat(values[..., None], 3, axis=2)
        values = np.concatenate([grey, np.ones_like(values)[..., None]], axis=2)
    return np.asarray(np.clip(values, 0, 1) * 255, np.uint8)


def _asphalt(generator: np.random.Generator) -> Floats:
    stones = generator.random((SIDE, SIDE)) > 0.985
    noise = 0.07 * clouds(generator, 0.9) + _grain(generator, 0.06)
    return np.asarray(_NEUTRAL + noise + 0.18 * stones, np.float32)


def _slabs(generator: np.random.Generator) -> Floats:
    """Four by four paving slabs, each of its own shade, with dark joints."""
    shades = generator.normal(0, 0.05, (4, 4))
    picture = _NEUTRAL + np.kron(shades, np.ones((SIDE // 4, SIDE // 4)))
    picture += 0.04 * clouds(generator, 1.2) + _grain(generator, 0.03)
    line = np.arange(SIDE) % (SIDE // 4) < 3
    picture[line] -= 0.16
    picture[:, line] -= 0.16
    return np.asarray(picture, np.float32)


def _bricks(generator: np.random.Generator, rows: int, columns: int, mortar: float) -> Floats:
    """Courses of bricks, each shifted by half a brick, each brick of its own shade."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    row = np.floor(y * rows).astype(int)
    across = x * columns + 0.5 * (row % 2)
    column = np.floor(across).astype(int) % columns
    shades = generator.normal(0, 0.055, (rows, columns))
    joint = (y * rows % 1 < 0.14) | (across % 1 < 0.05)
    picture = _NEUTRAL + shades[row, column] + 0.03 * clouds(generator, 1.5)
    return np.asarray(np.where(joint, _NEUTRAL + mortar, picture), np.float32)


def _leaves(generator: np.random.Generator) -> Floats:
    """A bunch of leaves: blots of many greens, with nothing between them."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    shade = np.full((SIDE, SIDE), 0.3)
    alpha = np.zeros((SIDE, SIDE))
    for _ in range(260):
        radius = np.sqrt(generator.random()) * 0.44
        angle = generator.uniform(0, 2 * np.pi)
        centre = 0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle)
        turn, size = generator.uniform(0, np.pi), generator.uniform(0.018, 0.04)
        u = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        v = (y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)
        leaf = (u / size) ** 2 + (v / size * 2.0) ** 2 < 1
        shade[leaf] = generator.uniform(0.3, 0.68)
        alpha[leaf] = 1
    return np.stack([shade, shade, shade, alpha], 2).astype(np.float32)
