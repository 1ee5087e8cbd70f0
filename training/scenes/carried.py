"""What people hold or push: umbrellas and prams, placed at a resting body that looks along +y."""

from __future__ import annotations

import numpy as np

from training.scenes.body import Body
from training.scenes.mesh import Colour, Mesh, Paint, Texture, boxes, joined, loft, tube, two_sided
from training.scenes.walk import Bone

_CLOTH: tuple[Colour, ...] = (
    (0.05, 0.05, 0.06), (0.08, 0.10, 0.18), (0.35, 0.06, 0.07), (0.10, 0.20, 0.16),
    (0.55, 0.52, 0.48), (0.15, 0.28, 0.48),
)  # fmt: skip


def umbrella(generator: np.random.Generator, body: Body) -> Mesh:
    """An open umbrella above the head, its handle at the raised right hand."""
    top = float(body.mesh.positions[:, 2].max()) + generator.uniform(0.10, 0.25)
    x, y = float(body.joints[Bone.RIGHT_ARM][0]) * 0.55, 0.20
    radius, rise = generator.uniform(0.46, 0.58), 0.24
    cloth = Paint(_CLOTH[int(generator.integers(len(_CLOTH)))], Texture.CLOTH, gloss=0.15)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    rings = []
    for share in np.linspace(1, 0, 6):
        # Eight ribs: between them the rim hangs in.
        reach = radius * share * (1 - 0.07 * share * (np.arange(16) % 2))
        height = np.full(16, top + rise * (1 - share**2))
        rings.append(
            np.stack([x + reach * np.cos(turn), y * 0.4 + reach * np.sin(turn), height], 1)
        )
    shaft = tube(
        [(x, y, top - 0.75), (x, y * 0.4, top + rise + 0.05)], 0.008, Paint((0.2, 0.2, 0.2)), 4
    )
    return joined([two_sided(loft(rings, cloth)), shaft])


def pram(generator: np.random.Generator, height_m: float) -> Mesh:
    """A pram in front of somebody of that height."""
    cloth = Paint(_CLOTH[int(generator.integers(len(_CLOTH)))], Texture.CLOTH)
    dark = Paint((0.07, 0.07, 0.07))
    bar = height_m * 0.56
    turn = np.linspace(0, np.pi, 7)
    hood = [
        [(side, 0.68 - 0.26 * np.cos(a), 0.72 + 0.30 * np.sin(a)) for a in turn]
        for side in (-0.21, 0.21)
    ]
    parts = [
        boxes((-0.21, 0.42, 0.45), (0.21, 1.08, 0.72), cloth),
        two_sided(loft(np.array(hood), cloth)),
        tube([(-0.2, 0.30, bar), (-0.2, 0.75, 0.5)], 0.012, dark, 4),
        tube([(0.2, 0.30, bar), (0.2, 0.75, 0.5)], 0.012, dark, 4),
        tube([(-0.2, 0.30, bar), (0.2, 0.30, bar)], 0.018, dark, 4),
    ]
    for x in (-0.24, 0.24):
        for y in (0.45, 1.0):
            parts.append(
                tube(
                    [(x - 0.015, y, 0.13), (x + 0.015, y, 0.13), (x + 0.015, y, 0.13)],
                    [0.13, 0.13, 0],
                    dark,
                    10,
                )
            )
            parts.append(tube([(x * 0.8, y, 0.13), (x * 0.8, y, 0.5)], 0.01, dark, 4))
    return joined(parts)
