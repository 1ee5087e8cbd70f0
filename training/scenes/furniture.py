"""What stands on a pavement: lamp posts, Belisha beacons, signs, bollards, bins, shelters.

Each stands at the origin on z = 0; `-x` is towards the road.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from training.scenes.mesh import Kind, Mesh, Paint, Texture, ball, boxes, joined, quads, tube

_STEEL = Paint((0.33, 0.34, 0.35), gloss=0.3)
_IRON = Paint((0.09, 0.09, 0.10), gloss=0.25)
LAMP_HEIGHT_M, LAMP_REACH_M = 6.6, 1.3


def lamp_post() -> Mesh:
    """A street lamp whose head hangs over the road."""
    top, reach = LAMP_HEIGHT_M, LAMP_REACH_M
    return joined(
        [
            tube([(0, 0, 0), (0, 0, 1.1)], [0.09, 0.09], _STEEL, 8),
            tube([(0, 0, 1.1), (0, 0, top)], [0.065, 0.045], _STEEL, 8),
            tube([(0, 0, top), (-reach / 2, 0, top + 0.22), (-reach, 0, top + 0.2)], 0.03, _STEEL),
            boxes((-reach - 0.35, -0.12, top + 0.13), (-reach + 0.25, 0.12, top + 0.27), _STEEL),
            boxes((-reach - 0.3, -0.1, top + 0.09), (-reach + 0.2, 0.1, top + 0.13),
                  Paint((0.95, 0.9, 0.8), glow=1.0)),
        ]
    )  # fmt: skip


def beacon() -> Mesh:
    """The striped post with an amber globe that marks a zebra crossing."""
    black, white = Paint((0.06, 0.06, 0.06), gloss=0.2), Paint((0.86, 0.86, 0.85), gloss=0.2)
    edges = np.linspace(0, 2.4, 9)
    stripes = [
        tube([(0, 0, a), (0, 0, b)], 0.055, white if index % 2 else black, 10)
        for index, (a, b) in enumerate(pairwise(edges))
    ]
    globe = ball(
        (0, 0, 2.55), (0.17, 0.17, 0.18), Paint((0.98, 0.55, 0.05), gloss=0.4, glow=0.6), 12
    )
    return joined([*stripes, globe])


def sign(generator: np.random.Generator) -> Mesh:
    """A plate on a pole, facing -y: a ring, a disc with an arrow, a warning, or a name."""
    pole = tube([(0, 0, 0), (0, 0, 2.7)], 0.03, _STEEL, 6)
    white, red = Paint((0.84, 0.84, 0.82), gloss=0.15), Paint((0.62, 0.05, 0.06), gloss=0.15)
    blue, black = Paint((0.07, 0.20, 0.48), gloss=0.15), Paint((0.06, 0.06, 0.06))
    form = int(generator.integers(4))
    if form == 0:
        plates = [_plate(0.30, red, 16, 0), _plate(0.22, white, 16, 1)]
        plates.append(boxes((-0.09, -0.075, 2.32), (0.09, -0.065, 2.48), black))
    elif form == 1:
        plates = [_plate(0.30, white, 16, 0), _plate(0.28, blue, 16, 1)]
        plates.append(boxes((-0.035, -0.075, 2.22), (0.035, -0.065, 2.58), white))
    elif form == 2:
        plates = [_plate(0.36, red, 3, 0), _plate(0.23, white, 3, 1)]
        plates.append(boxes((-0.02, -0.075, 2.33), (0.02, -0.065, 2.50), black))
    else:
        plates = [boxes((-0.24, -0.05, 2.25), (0.24, -0.04, 2.58), white)]
        rows = [(-0.19, -0.06, 2.30 + 0.09 * row) for row in range(3)]
        plates.append(boxes(rows, np.array(rows) + np.array((0.34, 0.01, 0.03)), black))
    back = boxes((-0.2, -0.035, 2.25), (0.2, -0.03, 2.5), _STEEL)
    return joined([pole, back, *plates])


def _plate(radius: float, paint: Paint, corners: int, layer: int) -> Mesh:
    """A flat plate with so many corners, one of them up."""
    turn = np.pi / 2 + np.linspace(0, 2 * np.pi, corners + 1)
    y, z = -0.05 - 0.01 * layer, 2.4
    rim = [(float(radius * np.cos(a)), y, float(z + radius * np.sin(a))) for a in turn]
    middle = (0.0, y, z)
    return quads([[middle, a, b, b] for a, b in pairwise(rim)], paint)


def traffic_light(generator: np.random.Generator) -> Mesh:
    """A pole with three lamps, facing -y."""
    shown = int(generator.choice([0, 2]))
    lamps = []
    for index, colour in enumerate(((0.9, 0.08, 0.05), (0.9, 0.5, 0.05), (0.1, 0.85, 0.4))):
        lit = index == shown
        dim = tuple(part * (1.0 if lit else 0.18) for part in colour)
        paint = Paint((dim[0], dim[1], dim[2]), glow=1.0 if lit else 0)
        lamps.append(ball((0, -0.17, 2.95 - 0.28 * index), (0.1, 0.06, 0.1), paint, 8))
    head = boxes((-0.17, -0.14, 2.2), (0.17, 0.12, 3.15), _IRON)
    return joined([tube([(0, 0, 0), (0, 0, 3.0)], 0.055, _STEEL, 8), head, *lamps])


def bollard() -> Mesh:
    """An iron post of a metre."""
    return joined(
        [
            tube([(0, 0, 0), (0, 0, 0.95)], [0.07, 0.055], _IRON, 8),
            ball((0, 0, 0.98), (0.07, 0.07, 0.07), _IRON, 8),
        ]
    )


def bin_() -> Mesh:
    """A litter bin."""
    body = Paint((0.10, 0.13, 0.11), gloss=0.2)
    lid = tube([(0, 0, 0.95), (0, 0, 1.12), (0, 0, 1.2)], [0.27, 0.22, 0.0], _IRON, 12)
    return joined([tube([(0, 0, 0), (0, 0, 0.95)], [0.24, 0.26], body, 12), lid])


def pillar_box() -> Mesh:
    """A red post box."""
    red = Paint((0.62, 0.05, 0.05), gloss=0.4)
    levels = [(0, 0, 0), (0, 0, 1.35), (0, 0, 1.4), (0, 0, 1.55), (0, 0, 1.6)]
    return joined([tube(levels, [0.24, 0.24, 0.28, 0.26, 0.0], red, 14),
                   boxes((-0.16, -0.26, 1.1), (0.16, -0.2, 1.18), _IRON)])  # fmt: skip


def shelter() -> Mesh:
    """A bus shelter, 3.6 m long along y, open to the road."""
    glass = Paint((0.25, 0.30, 0.32), gloss=0.8, kind=Kind.GLASS)
    poster = Paint((0.6, 0.45, 0.4), Texture.PLASTER, glow=0.5)
    parts = [boxes((-0.1, 0, 2.3), (1.3, 3.6, 2.42), _IRON),
             boxes((1.18, 0, 0.3), (1.2, 3.6, 2.3), glass),
             boxes((0.2, 3.52, 0.3), (1.2, 3.56, 2.2), poster),
             boxes((0.85, 0.4, 0.42), (1.1, 3.2, 0.5), _STEEL)]  # fmt: skip
    for y in (0.02, 1.8, 3.55):
        parts.append(tube([(1.2, y, 0), (1.2, y, 2.3)], 0.04, _IRON))
    return joined(parts)


def railing(length: float) -> Mesh:
    """A guard rail along y."""
    posts = [tube([(0, y, 0), (0, y, 1.05)], 0.025, _STEEL, 4) for y in np.arange(0, length, 0.5)]
    rails = [tube([(0, 0, z), (0, length, z)], 0.022, _STEEL, 4) for z in (0.15, 1.0)]
    return joined([*posts, *rails])
