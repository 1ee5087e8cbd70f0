"""A bicycle along +y, its wheels on z = 0."""

from __future__ import annotations

import numpy as np

from training.scenes.mesh import Colour, Mesh, Paint, boxes, joined, tube

_COLOURS: tuple[Colour, ...] = (
    (0.1, 0.1, 0.11),
    (0.45, 0.08, 0.08),
    (0.1, 0.2, 0.4),
    (0.6, 0.6, 0.6),
)


def bicycle(generator: np.random.Generator) -> Mesh:
    """Two wheels, a frame, a saddle and a bar."""
    frame = Paint(_COLOURS[int(generator.integers(len(_COLOURS)))], gloss=0.5)
    rubber = Paint((0.05, 0.05, 0.05))
    rear, front, crank = (0, -0.50, 0.34), (0, 0.55, 0.34), (0, -0.05, 0.28)
    seat, head = (0, -0.22, 0.85), (0, 0.40, 0.88)
    parts = [_wheel(y, rubber) for y in (rear[1], front[1])]
    for start, end in (
        (rear, crank),
        (crank, seat),
        (seat, rear),
        (crank, head),
        (seat, head),
        (head, front),
    ):
        parts.append(tube([start, end], 0.018, frame, 5))
    parts += [
        tube([head, (0, 0.38, 1.02)], 0.014, frame, 5),
        tube([(-0.28, 0.30, 1.03), (0, 0.40, 1.02), (0.28, 0.30, 1.03)], 0.016, rubber, 5),
        boxes((-0.07, -0.36, 0.90), (0.07, -0.10, 0.96), rubber),
        boxes((-0.03, -0.66, 0.72), (0.03, -0.62, 0.78), Paint((0.7, 0.05, 0.05), glow=0.8)),
    ]
    return joined(parts)


def _wheel(y: float, paint: Paint) -> Mesh:
    turn = np.linspace(0, 2 * np.pi, 17)
    rim = np.stack([np.zeros(17), y + 0.33 * np.cos(turn), 0.34 + 0.33 * np.sin(turn)], 1)
    spokes = [
        tube([rim[i], rim[i + 8]], 0.004, Paint((0.5, 0.5, 0.5), gloss=0.4), 3)
        for i in range(0, 8, 2)
    ]
    return joined([tube(rim, 0.018, paint, 4), *spokes])
