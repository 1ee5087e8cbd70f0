"""Houses in a row: walls with real window openings, doors, shops, cornices and roofs.

A house is built with its front in the plane y = 0, looking towards -y, from x = 0 to its width.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training.scenes.mesh import Colour, Kind, Mesh, Paint, Texture, boxes, joined, quads, two_sided

_WALLS: tuple[tuple[Texture, Colour], ...] = (
    (Texture.BRICK, (0.52, 0.33, 0.25)), (Texture.BRICK, (0.62, 0.52, 0.40)),
    (Texture.BRICK, (0.44, 0.27, 0.22)), (Texture.BRICK, (0.58, 0.44, 0.34)),
    (Texture.PLASTER, (0.78, 0.76, 0.70)), (Texture.PLASTER, (0.72, 0.66, 0.55)),
    (Texture.PLASTER, (0.62, 0.62, 0.62)), (Texture.PLASTER, (0.66, 0.56, 0.48)),
    (Texture.STONE, (0.60, 0.57, 0.51)), (Texture.STONE, (0.48, 0.46, 0.43)),
)  # fmt: skip
_ROOFS: tuple[Colour, ...] = ((0.24, 0.24, 0.27), (0.36, 0.25, 0.21), (0.30, 0.28, 0.26))
_SIGNS: tuple[Colour, ...] = (
    (0.12, 0.25, 0.18), (0.45, 0.08, 0.08), (0.10, 0.14, 0.30), (0.10, 0.10, 0.10),
    (0.70, 0.68, 0.62), (0.72, 0.50, 0.14), (0.30, 0.12, 0.30), (0.16, 0.36, 0.46),
)  # fmt: skip
_DOORS: tuple[Colour, ...] = (
    (0.10, 0.14, 0.24), (0.35, 0.07, 0.07), (0.10, 0.20, 0.13), (0.07, 0.07, 0.08),
    (0.30, 0.20, 0.12),
)  # fmt: skip
_REVEAL_M = 0.16
_DEPTH_M = 9.0


@dataclass(frozen=True)
class Wall:
    """A front with its openings: intervals of x and z that are windows, in metres."""

    width: float
    low: float
    high: float
    columns: tuple[tuple[float, float], ...]
    rows: tuple[tuple[float, float], ...]


def draw_house(generator: np.random.Generator, width: float, detail: bool = True) -> Mesh:
    """A house by chance: a shop or a dwelling; without detail it is seen from afar."""
    texture, colour = _WALLS[int(generator.integers(len(_WALLS)))]
    tint = generator.uniform(0.85, 1.12)
    red, green, blue = (min(part * tint, 0.9) for part in colour)
    wall = Paint((red, green, blue), texture, metres=1.9 if texture == Texture.STONE else 1.3)
    floors = int(generator.choice([2, 3, 4, 5], p=[0.3, 0.38, 0.22, 0.1]))
    ground, storey = generator.uniform(3.1, 3.8), generator.uniform(2.7, 3.2)
    top = ground + storey * (floors - 1)
    shop = generator.random() < 0.5
    parts = [
        _upper_floors(generator, width, ground, storey, floors, wall, detail),
        _shop(generator, width, ground, wall)
        if shop
        else _dwelling(generator, width, ground, wall),
        _sides(width, _DEPTH_M, top, wall),
        _trim(generator, width, ground, top),
        _roof(generator, width, _DEPTH_M, top),
    ]
    return joined(parts)


def _upper_floors(
    generator: np.random.Generator,
    width: float,
    ground: float,
    storey: float,
    floors: int,
    paint: Paint,
    detail: bool,
) -> Mesh:
    count = max(int(width / generator.uniform(1.9, 2.9)), 1)
    opening = min(generator.uniform(0.95, 1.5), width / count - 0.4)
    middles = (np.arange(count) + 0.5) * width / count
    tall = generator.uniform(1.3, 1.8)
    sill = 0.75
    rows = tuple(
        (ground + storey * floor + sill, ground + storey * floor + sill + tall)
        for floor in range(floors - 1)
    )
    columns = tuple((float(x - opening / 2), float(x + opening / 2)) for x in middles)
    wall = Wall(width, ground, ground + storey * (floors - 1), columns, rows)
    frame = Paint((0.86, 0.86, 0.84) if generator.random() < 0.7 else (0.2, 0.2, 0.21))
    if not detail:
        return joined([wall_with_openings(wall, paint, 0), windows(generator, wall, frame, False)])
    return joined([wall_with_openings(wall, paint), windows(generator, wall, frame)])


def wall_with_openings(wall: Wall, paint: Paint, deep: float = _REVEAL_M) -> Mesh:
    """The wall's surface without its openings, and reveals of a depth that lead into them."""
    x = np.array([0, *(edge for column in wall.columns for edge in column), wall.width])
    z = np.array([wall.low, *(edge for row in wall.rows for edge in row), wall.high])
    column, row = np.meshgrid(np.arange(len(x) - 1), np.arange(len(z) - 1))
    solid = ~((column % 2 == 1) & (row % 2 == 1))
    column, row = column[solid], row[solid]
    left, right, low, high = x[column], x[column + 1], z[row], z[row + 1]
    zero = np.zeros_like(left)
    corners = np.stack(
        [
            np.stack([left, zero, low], 1), np.stack([right, zero, low], 1),
            np.stack([right, zero, high], 1), np.stack([left, zero, high], 1),
        ],
        1,
    )  # fmt: skip
    reveals = _reveals(wall, paint, deep) if deep else []
    return joined([quads(corners, paint), *reveals])


def _reveals(wall: Wall, paint: Paint, deep: float) -> list[Mesh]:
    faces = []
    for left, right in wall.columns:
        for low, high in wall.rows:
            faces += [
                [(left, 0, low), (left, deep, low), (left, deep, high), (left, 0, high)],
                [(right, deep, low), (right, 0, low), (right, 0, high), (right, deep, high)],
                [(left, 0, high), (left, deep, high), (right, deep, high), (right, 0, high)],
                [(left, deep, low), (left, 0, low), (right, 0, low), (right, deep, low)],
            ]
    return [quads(faces, paint)] if faces else []


def windows(generator: np.random.Generator, wall: Wall, frame: Paint, detail: bool = True) -> Mesh:
    """Glass, frames and sills in a wall's openings; some rooms are lit at night."""
    if not wall.columns or not wall.rows:
        return joined([])
    panes: dict[float, list[list[tuple[float, float, float]]]] = {}
    low_corners, high_corners = [], []
    bars = generator.random() < 0.7
    for left, right in wall.columns:
        for low, high in wall.rows:
            glow = float(generator.choice([0, 0.25, 0.5, 0.8], p=[0.62, 0.13, 0.15, 0.1]))
            y = _REVEAL_M if detail else 0.0
            panes.setdefault(glow, []).append(
                [(left, y, low), (right, y, low), (right, y, high), (left, y, high)]
            )
            edge, middle, half = 0.05, (left + right) / 2, (low + high) / 2
            pieces = [
                ((left, low), (left + edge, high)), ((right - edge, low), (right, high)),
                ((left, low), (right, low + edge)), ((left, high - edge), (right, high)),
                ((left, half - 0.025), (right, half + 0.025)),
            ]  # fmt: skip
            if bars:
                pieces.append(((middle - 0.025, low), (middle + 0.025, high)))
            low_corners += [(x, y - 0.05, z) for (x, z), _ in pieces]
            high_corners += [(x, y + 0.01, z) for _, (x, z) in pieces]
    sills = [
        ((left - 0.08, -0.08, low - 0.09), (right + 0.08, 0.05, low))
        for left, right in wall.columns
        for low, _ in wall.rows
    ]
    stone = Paint((0.66, 0.64, 0.60))
    glass = [
        quads(corners, Paint(_room(generator), gloss=0.8, glow=glow, kind=Kind.WINDOW))
        for glow, corners in sorted(panes.items())
    ]
    if not detail:
        return joined(glass)
    sill = boxes([low for low, _ in sills], [high for _, high in sills], stone)
    return joined([*glass, boxes(low_corners, high_corners, frame), sill])


def _room(generator: np.random.Generator) -> Colour:
    """What is seen behind a pane: darkness, or a pale curtain."""
    grey = (
        generator.uniform(0.05, 0.12) if generator.random() < 0.7 else generator.uniform(0.3, 0.5)
    )
    return grey, grey * 1.02, grey * 1.05


def _shop(generator: np.random.Generator, width: float, ground: float, wall: Paint) -> Mesh:
    """Large panes between pilasters, a door, a sign, sometimes an awning."""
    sign = Paint(_SIGNS[int(generator.integers(len(_SIGNS)))], gloss=0.2, glow=0.12)
    frame = Paint(_SIGNS[int(generator.integers(len(_SIGNS)))], gloss=0.2)
    bays = max(round(width / 2.4), 1)
    edges = np.linspace(0.3, width - 0.3, bays + 1)
    columns = tuple((float(a) + 0.08, float(b) - 0.08) for a, b in pairwise(edges))
    door = int(generator.integers(bays))
    front = Wall(width, 0.0, ground, columns, ((0.55, ground - 0.85),))
    sign_low, sign_high = (0.15, -0.14, ground - 0.75), (width - 0.15, 0.02, ground - 0.12)
    parts = [
        wall_with_openings(front, frame),
        windows(generator, front, frame),
        boxes(sign_low, sign_high, sign),
        boxes(
            [(0, -0.1, 0), (width - 0.3, -0.1, 0)],
            [(0.3, 0.02, ground)] * 1 + [(width, 0.02, ground)],
            wall,
        ),
        _lettering(generator, width, ground),
        boxes(
            (columns[door][0] + 0.1, -0.03, 0.02),
            (columns[door][0] + 1.0, 0.12, 2.15),
            Paint(_DOORS[int(generator.integers(len(_DOORS)))], gloss=0.3),
        ),
    ]
    if generator.random() < 0.25:
        parts.append(_awning(generator, width, ground))
    return joined(parts)


def _lettering(generator: np.random.Generator, width: float, ground: float) -> Mesh:
    """Strokes that look like letters from a car."""
    count = int(generator.integers(5, 12))
    size = generator.uniform(0.18, 0.3)
    start = (width - count * size) / 2
    low, high = [], []
    for index in range(count):
        if generator.random() < 0.12:
            continue
        x, z = start + index * size, ground - 0.6
        stem = size * generator.uniform(0.12, 0.3)
        low += [(x, -0.155, z), (x, -0.155, z + size * generator.uniform(0, 0.9))]
        high += [(x + stem, -0.13, z + size * 1.2), (x + size * 0.7, -0.13, z + size * 1.0)]
    light = generator.random() < 0.8
    return boxes(
        low,
        np.maximum(np.array(low) + 0.02, high),
        Paint((0.88, 0.86, 0.78) if light else (0.1, 0.1, 0.1), glow=0.15),
    )


def _awning(generator: np.random.Generator, width: float, ground: float) -> Mesh:
    high, low, out = ground - 0.75, ground - 1.25, 1.1
    stripes = max(int(width / 0.5), 2)
    edges = np.linspace(0.3, width - 0.3, stripes + 1)
    colour = _SIGNS[int(generator.integers(len(_SIGNS)))]
    cloth = []
    for index, (a, b) in enumerate(pairwise(edges)):
        paint = Paint(colour if index % 2 else (0.8, 0.78, 0.72), Texture.CLOTH)
        slope = [(a, -out, low), (b, -out, low), (b, -0.05, high), (a, -0.05, high)]
        flap = [(a, -out, low - 0.18), (b, -out, low - 0.18), (b, -out, low), (a, -out, low)]
        cloth.append(two_sided(quads(np.array([slope, flap]), paint)))
    return joined(cloth)


def _dwelling(generator: np.random.Generator, width: float, ground: float, wall: Paint) -> Mesh:
    """A door with a step and a light above it, and windows beside it."""
    at_left = generator.random() < 0.5
    door = (0.5, 1.5) if at_left else (width - 1.5, width - 0.5)
    begin, end = (1.9, width - 0.4) if at_left else (0.4, width - 1.9)
    count = max(int((end - begin) / 2.3), 1)
    edges = np.linspace(begin, end, count + 1)
    columns = tuple((float(a) + 0.25, float(b) - 0.25) for a, b in pairwise(edges))
    front = Wall(width, 0.0, ground, columns, ((0.85, ground - 0.75),))
    frame = Paint((0.86, 0.86, 0.84))
    wood = Paint(_DOORS[int(generator.integers(len(_DOORS)))], gloss=0.3)
    left, right = door
    return joined(
        [
            wall_with_openings(front, wall),
            windows(generator, front, frame),
            boxes((left, -0.05, 0.18), (right, 0.1, 2.25), wood),
            boxes((left - 0.12, -0.08, 0), (left, 0.1, 2.8), frame),
            boxes((right, -0.08, 0), (right + 0.12, 0.1, 2.8), frame),
            boxes((left - 0.12, -0.10, 2.68), (right + 0.12, 0.1, 2.82), frame),
            boxes(
                (left, -0.06, 2.3),
                (right, 0.1, 2.66),
                Paint((0.1, 0.1, 0.1), glow=0.5, kind=Kind.WINDOW),
            ),
            boxes((left - 0.2, -0.45, 0), (right + 0.2, 0.1, 0.16), Paint((0.5, 0.49, 0.46))),
        ]
    )


def _sides(width: float, depth: float, top: float, paint: Paint) -> Mesh:
    faces = [
        [(width, 0, 0), (width, depth, 0), (width, depth, top), (width, 0, top)],
        [(0, depth, 0), (0, 0, 0), (0, 0, top), (0, depth, top)],
    ]
    return quads(np.array(faces), paint)


def _trim(generator: np.random.Generator, width: float, ground: float, top: float) -> Mesh:
    """A cornice, a string course, a drainpipe, a plinth."""
    stone = Paint((0.64, 0.62, 0.58), Texture.PLASTER)
    pipe = Paint((0.14, 0.14, 0.15), gloss=0.2)
    parts = [
        boxes((-0.05, -0.32, top - 0.18), (width + 0.05, 0.1, top + 0.06), stone),
        boxes((0, -0.06, 0), (width, 0.05, 0.35), Paint((0.36, 0.35, 0.34), Texture.PLASTER)),
    ]
    if generator.random() < 0.6:
        parts.append(boxes((0, -0.08, ground - 0.09), (width, 0.05, ground + 0.09), stone))
    if generator.random() < 0.7:
        parts.append(boxes((width - 0.16, -0.13, 0.1), (width - 0.06, -0.03, top), pipe))
    return joined(parts)


def _roof(generator: np.random.Generator, width: float, depth: float, top: float) -> Mesh:
    """Pitched with chimneys, or flat behind a parapet."""
    tiles = Paint(_ROOFS[int(generator.integers(len(_ROOFS)))], Texture.TILES, metres=2.4)
    if generator.random() < 0.25:
        return boxes(
            (0, 0, top), (width, depth, top + 0.5), Paint((0.5, 0.48, 0.45), Texture.PLASTER)
        )
    rise = top + generator.uniform(2.2, 3.4)
    back = depth / 2
    faces = [
        [(0, -0.3, top), (width, -0.3, top), (width, back, rise), (0, back, rise)],
        [(width, depth, top), (0, depth, top), (0, back, rise), (width, back, rise)],
    ]
    brick = Paint((0.50, 0.34, 0.27), Texture.BRICK)
    gables = [
        [(width, 0, top), (width, depth, top), (width, back, rise), (width, back, rise)],
        [(0, depth, top), (0, 0, top), (0, back, rise), (0, back, rise)],
    ]
    parts = [quads(np.array(faces), tiles), quads(np.array(gables), brick)]
    if generator.random() < 0.75:
        x = 0.1 if generator.random() < 0.5 else width - 1.0
        parts.append(boxes((x, back - 0.4, top), (x + 0.9, back + 0.4, rise + 0.9), brick))
        pots = Paint((0.55, 0.34, 0.24))
        low = [(x + 0.1 + 0.3 * index, back - 0.1, rise + 0.9) for index in range(3)]
        parts.append(boxes(low, np.array(low) + np.array((0.16, 0.16, 0.4)), pots))
    return joined(parts)
