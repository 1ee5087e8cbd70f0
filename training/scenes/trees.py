"""Trees, bare or in leaf, and hedges."""

from __future__ import annotations

import numpy as np

from training.scenes.mesh import Colour, Floats, Kind, Mesh, Paint, Texture, boxes, joined, quads, tube

_BARK = Paint((0.24, 0.20, 0.17), Texture.PLASTER, metres=0.5)
_GREENS: tuple[Colour, ...] = (
    (0.20, 0.29, 0.12), (0.26, 0.33, 0.14), (0.16, 0.24, 0.11), (0.42, 0.34, 0.13), (0.36, 0.22, 0.10),
)  # fmt: skip


def draw_tree(generator: np.random.Generator, bare: bool, height: float | None = None) -> Mesh:
    """A street tree at the origin, 5 to 11 m high unless a height is given."""
    height = height or float(generator.uniform(5, 11))
    trunk = _limb(generator, np.zeros(3), np.array([0, 0, height * 0.42]), 0.055 * height / 3)
    parts, tips = [trunk], []
    for _ in range(7 if bare else 5):
        start = np.array([0, 0, height * generator.uniform(0.26, 0.42)])
        reach = _direction(generator, 0.55) * height * generator.uniform(0.3, 0.45)
        parts.append(_limb(generator, start, start + reach, 0.022 * height / 3))
        tips.append(start + reach)
        for share in generator.uniform(0.3, 1.0, 9 if bare else 2):
            twig = start + reach * share
            out = _direction(generator, 0.4) * height * generator.uniform(0.1, 0.24)
            parts.append(_limb(generator, twig, twig + out, 0.007 * height / 3, sides=3))
            tips.append(twig + out)
            for inner in generator.uniform(0.3, 1.0, 3 if bare else 0):
                fine = twig + out * inner
                end = fine + _direction(generator, 0.3) * height * generator.uniform(0.05, 0.12)
                parts.append(_limb(generator, fine, end, 0.004 * height / 3, sides=3))
    if not bare:
        parts.append(_crown(generator, np.array(tips), height))
    return joined(parts)


def _direction(generator: np.random.Generator, upward: float) -> Floats:
    direction = generator.normal(0, 1, 3)
    direction[2] = abs(direction[2]) * 0.6 + upward
    return np.asarray(direction / np.linalg.norm(direction), np.float32)


def _limb(
    generator: np.random.Generator, start: Floats, end: Floats, radius: float, sides: int = 5
) -> Mesh:
    middle = (start + end) / 2 + generator.normal(0, 0.04, 3) * np.linalg.norm(end - start)
    return tube([start, middle, end], [radius, radius * 0.75, radius * 0.35], _BARK, sides)


def _crown(generator: np.random.Generator, tips: Floats, height: float) -> Mesh:
    """Bunches of leaves: cards that face every way, darker below and inside."""
    colour = np.array(_GREENS[int(generator.integers(len(_GREENS)))])
    count = 130
    anchors = tips[generator.integers(len(tips), size=count)]
    centres = anchors + generator.normal(0, 0.07, (count, 3)) * height
    size = generator.uniform(0.07, 0.13, count) * height
    facing = generator.normal(0, 1, (count, 3))
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    side = np.cross(facing, (0.3, 0.2, 1.0))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(facing, side)
    steps = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    corners = centres[:, None] + size[:, None, None] * (
        steps[None, :, :1] * side[:, None] + steps[None, :, 1:] * up[:, None]
    )
    paint = Paint((1, 1, 1), Texture.LEAVES, kind=Kind.FOLIAGE)
    mesh = quads(corners, paint)
    mesh.vertices["uv"] = np.tile([(0, 0), (1, 0), (1, 1), (0, 1)], (count, 1))
    # Lit as one round crown, not as a heap of cards.
    middle = centres.mean(0)
    outward = np.repeat(centres - middle, 4, axis=0) + generator.normal(0, 0.2, (count * 4, 3))
    mesh.vertices["normal"] = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    depth = np.linalg.norm(centres - middle, axis=1) / (np.linalg.norm(centres - middle, axis=1).max())
    shade = np.clip(0.45 + 0.6 * depth + generator.normal(0, 0.08, count), 0.3, 1.15)
    tint = colour * shade[:, None]
    mesh.vertices["colour"][:, :3] = np.clip(np.repeat(tint, 4, axis=0) * 255, 0, 255)
    return mesh


def hedge(low: Floats, high: Floats) -> Mesh:
    """A clipped hedge from its low to its high corner."""
    return boxes(low, high, Paint((0.16, 0.22, 0.10), Texture.GRASS, metres=0.8))
