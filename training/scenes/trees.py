"""Trees, bare or in leaf, and hedges."""

from __future__ import annotations

import numpy as np

from training.scenes.mesh import (
    Colour,
    Floats,
    Kind,
    Mesh,
    Paint,
    Texture,
    boxes,
    joined,
    limbs,
    quads,
    tube,
    two_sided,
)

_BARK = Paint((0.24, 0.20, 0.17), Texture.PLASTER, metres=0.5)
_GREENS: tuple[Colour, ...] = (
    (0.20, 0.29, 0.12), (0.26, 0.33, 0.14), (0.16, 0.24, 0.11), (0.42, 0.34, 0.13),
    (0.36, 0.22, 0.10),
)  # fmt: skip


def draw_tree(
    generator: np.random.Generator, bare: bool, height: float, detail: bool = True
) -> Mesh:
    """A street tree of a height at the origin; without detail, seen from afar."""
    top = np.array([0, 0, height * 0.42])
    trunk = tube([np.zeros(3), top / 2, top], np.array([0.019, 0.014, 0.011]) * height, _BARK, 7)
    roots = np.zeros((9 if bare else 6, 3), np.float32)
    roots[:, 2] = height * generator.uniform(0.22, 0.42, len(roots))
    boughs = _grown(generator, roots, (0.26, 0.42), 0.7, height)
    start, tips = _along(generator, roots, boughs, 8 if bare else 3)
    branches = _grown(generator, start, (0.10, 0.24), 0.45, height)
    rods: list[tuple[Floats, Floats, float]] = [(roots, boughs, 0.0075), (start, branches, 0.0026)]
    if bare and detail:
        forks, _ = _along(generator, start, branches, 4)
        rods.append((forks, _grown(generator, forks, (0.05, 0.12), 0.3, height), 0.0013))
    meshes = [
        limbs(begin, end, np.full(len(begin), width * height), _BARK) for begin, end, width in rods
    ]
    if not bare:
        meshes.append(
            _crown(
                generator, np.concatenate([boughs, branches, tips]), height, 170 if detail else 70
            )
        )
    return joined([trunk, *meshes])


def _grown(
    generator: np.random.Generator,
    starts: Floats,
    reach: tuple[float, float],
    upward: float,
    height: float,
) -> Floats:
    """Where branches end that begin at (N, 3) places."""
    direction = generator.normal(0, 1, starts.shape)
    direction[:, 2] = abs(direction[:, 2]) * 0.6 + upward
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = generator.uniform(*reach, (len(starts), 1)) * height
    return np.asarray(starts + direction * length, np.float32)


def _along(
    generator: np.random.Generator, starts: Floats, ends: Floats, count: int
) -> tuple[Floats, Floats]:
    """Places on the outer two thirds of each branch, `count` on each; and the outermost halves."""
    share = generator.uniform(0.3, 1.0, (len(starts), count, 1))
    places = starts[:, None] + (ends - starts)[:, None] * share
    middles = (starts + ends) / 2
    return np.asarray(places.reshape(-1, 3), np.float32), np.asarray(middles, np.float32)


def _crown(generator: np.random.Generator, tips: Floats, height: float, count: int) -> Mesh:
    """Bunches of leaves: cards that face every way, darker below and inside."""
    colour = np.array(_GREENS[int(generator.integers(len(_GREENS)))])
    anchors = tips[generator.integers(len(tips), size=count)]
    centres = anchors + generator.normal(0, 0.07, (count, 3)) * height
    size = generator.uniform(0.07, 0.13, count) * height * (1.25 if count < 100 else 1.0)
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
    depth = np.linalg.norm(centres - middle, axis=1) / (
        np.linalg.norm(centres - middle, axis=1).max()
    )
    shade = np.clip(0.45 + 0.6 * depth + generator.normal(0, 0.08, count), 0.3, 1.15)
    tint = colour * shade[:, None]
    mesh.vertices["colour"][:, :3] = np.clip(np.repeat(tint, 4, axis=0) * 255, 0, 255)
    return two_sided(mesh)


def hedge(low: Floats, high: Floats) -> Mesh:
    """A clipped hedge from its low to its high corner."""
    return boxes(low, high, Paint((0.16, 0.22, 0.10), Texture.GRASS, metres=0.8))
