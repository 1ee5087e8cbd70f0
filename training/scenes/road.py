"""The ground of a street: carriageway, markings, zebra crossing, kerbs and pavements.

The carriageway lies at z = 0 between x = -half and x = half; traffic keeps to the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes.mesh import Colour, Floats, Kind, Mesh, Paint, Texture, boxes, joined, quads

KERB_M = 0.12
_WHITE: Colour = (0.80, 0.80, 0.77)
_YELLOW: Colour = (0.72, 0.60, 0.22)
_MARK_Z = 0.014
_PIECE_M = 5.0


@dataclass(frozen=True)
class Road:
    """Sizes of a street in metres.

    Attributes:
        half: half the carriageway, parked cars included.
        pavement: width of each pavement.
        start, end: along y.
        crossing: where the zebra crossing is; None if there is none.
        bend, period: the street winds by that many metres over that length.
    """

    half: float
    pavement: float
    start: float
    end: float
    crossing: float | None
    bend: float
    period: float

    def offset(self, y: Floats | float) -> Floats:
        """How far the street has wound to the right at y, in metres."""
        return np.asarray(self.bend * (1 - np.cos(2 * np.pi * np.asarray(y) / self.period)))

    def heading(self, y: float) -> float:
        """Direction of the street at y, in radians, counter-clockwise from +y."""
        slope = self.bend * 2 * np.pi / self.period * np.sin(2 * np.pi * y / self.period)
        return float(-np.arctan(slope))

    def ground(self, x: float) -> float:
        """Height of the ground at x, measured across the street."""
        return float(np.clip((abs(x) - self.half) / 0.1, 0, 1) * KERB_M)

    def bent(self, mesh: Mesh) -> Mesh:
        """A mesh of the straight street, wound as the street is."""
        vertices = mesh.vertices.copy()
        vertices["position"][:, 0] += self.offset(mesh.positions[:, 1])
        return Mesh(vertices, mesh.triangles)


def ground(generator: np.random.Generator, road: Road) -> Mesh:
    """Everything underfoot, not yet bent."""
    grey = generator.uniform(0.24, 0.34)
    asphalt = Paint((grey, grey, grey * 1.02), Texture.ASPHALT, gloss=0.12, kind=Kind.GROUND, metres=1.7)
    return joined(
        [
            _strip(road, -road.half, road.half, 0.0, asphalt),
            *_pavements(generator, road),
            *_patches(generator, road, grey),
            *_lines(generator, road),
            *_zebra(road),
        ]
    )


def _strip(road: Road, left: float, right: float, z: float, paint: Paint) -> Mesh:
    """A band along the whole street, in pieces that can bend."""
    edges = np.arange(road.start, road.end + _PIECE_M, _PIECE_M)
    return _bands(np.full(len(edges) - 1, left), np.full(len(edges) - 1, right), edges[:-1], edges[1:], z, paint)


def _bands(left: Floats, right: Floats, low: Floats, high: Floats, z: float, paint: Paint) -> Mesh:
    """Level rectangles."""
    left, right, low, high = (np.asarray(side, float).ravel() for side in (left, right, low, high))
    height = np.full_like(left, z)
    corners = [(left, low), (right, low), (right, high), (left, high)]
    return quads(np.stack([np.stack([x, y, height], 1) for x, y in corners], 1), paint)


def _pavements(generator: np.random.Generator, road: Road) -> list[Mesh]:
    tone = generator.uniform(0.42, 0.56)
    slabs = generator.random() < 0.7
    texture = Texture.SLABS if slabs else Texture.ASPHALT
    paint = Paint((tone, tone * 0.98, tone * 0.94), texture, gloss=0.1, kind=Kind.GROUND, metres=2.4)
    stone = Paint((0.56, 0.55, 0.52), Texture.PLASTER, gloss=0.1, kind=Kind.GROUND, metres=0.9)
    outer, parts = road.half + road.pavement, []
    edges = np.arange(road.start, road.end + _PIECE_M, _PIECE_M)
    for side in (-1, 1):
        inner_edge, outer_edge = sorted((side * (road.half + 0.14), side * (outer + 14)))
        strip = _strip(road, inner_edge, outer_edge, KERB_M, paint)
        parts.append(_strip(road, *sorted((side * (road.half + 0.14), side * outer)), KERB_M, paint))
        parts.append(_strip(road, *sorted((side * outer, side * (outer + 14))), KERB_M, paint))
        del strip
        low, high = sorted((side * road.half, side * (road.half + 0.15)))
        corner = np.stack([np.full(len(edges) - 1, low), edges[:-1], np.zeros(len(edges) - 1)], 1)
        top = np.stack([np.full(len(edges) - 1, high), edges[1:], np.full(len(edges) - 1, KERB_M + 0.004)], 1)
        parts.append(boxes(corner, top, stone))
    return parts


def _patches(generator: np.random.Generator, road: Road, grey: float) -> list[Mesh]:
    """Mended places, manholes, drains."""
    parts = []
    for _ in range(int(generator.integers(4, 12))):
        tone = grey * generator.uniform(0.62, 1.25)
        paint = Paint((tone, tone, tone), Texture.ASPHALT, gloss=0.15, kind=Kind.GROUND)
        x, y = generator.uniform(-road.half, road.half * 0.6), generator.uniform(road.start, road.end)
        width, length = generator.uniform(0.5, 2.2), generator.uniform(1.0, 9.0)
        if generator.random() < 0.3:
            width, length = generator.uniform(2, 4), generator.uniform(0.4, 0.8)
        parts.append(_one(x, min(x + width, road.half), y, y + length, 0.005, paint))
    iron = Paint((0.17, 0.16, 0.15), Texture.TILES, gloss=0.25, kind=Kind.GROUND, metres=0.8)
    for _ in range(int(generator.integers(4, 9))):
        x, y = generator.uniform(-road.half * 0.7, road.half * 0.7), generator.uniform(0, road.end)
        parts.append(_one(x, x + 0.6, y, y + 0.6, 0.008, iron))
    for y in np.arange(road.start, road.end, 23.0):
        for side in (-1, 1):
            left, right = sorted((side * (road.half - 0.05), side * (road.half - 0.45)))
            parts.append(_one(left, right, y, y + 0.5, 0.008, iron))
    return parts


def _one(left: float, right: float, low: float, high: float, z: float, paint: Paint) -> Mesh:
    one = [np.array([side]) for side in (left, right, low, high)]
    return _bands(one[0], one[1], one[2], one[3], z, paint)


def _lines(generator: np.random.Generator, road: Road) -> list[Mesh]:
    """The middle of the road, zigzags before a crossing, yellow lines along the kerbs."""
    worn = generator.uniform(0.75, 1.0)
    white = Paint((_WHITE[0] * worn, _WHITE[1] * worn, _WHITE[2] * worn), Texture.ASPHALT, gloss=0.1, kind=Kind.GROUND)
    yellow = Paint(_YELLOW, Texture.ASPHALT, gloss=0.1, kind=Kind.GROUND)
    parts = []
    starts = np.arange(road.start, road.end, 6.0)
    starts = starts[~_near(road, starts + 2, 16)]
    half = np.full_like(starts, 0.06)
    parts.append(_bands(-half, half, starts, starts + 4, _MARK_Z, white))
    if generator.random() < 0.6:
        pieces = np.arange(road.start, road.end, _PIECE_M)
        pieces = pieces[~_near(road, pieces + 2.5, 14)]
        for side in (-1, 1):
            for inset in (0.25, 0.45):
                x = np.full_like(pieces, side * (road.half - inset))
                parts.append(_bands(x - 0.05, x + 0.05, pieces, pieces + _PIECE_M, _MARK_Z, yellow))
    if road.crossing is not None:
        parts += [_zigzag(road, side, white) for side in (-0.96, 0.0, 0.96)]
    return parts


def _near(road: Road, y: Floats, reach: float) -> Floats:
    """Where the crossing is within reach."""
    if road.crossing is None:
        return np.zeros(len(y), bool)
    return np.asarray(abs(y - road.crossing) < reach)


def _zigzag(road: Road, side: float, paint: Paint) -> Mesh:
    """The line that forbids stopping before and behind a zebra crossing."""
    assert road.crossing is not None
    middle = side * (road.half - 0.5)
    corners = []
    for start in (road.crossing - 12.5, road.crossing + 3.5):
        y = start + np.arange(6) * 1.8
        x = middle + 0.18 * (-1.0) ** np.arange(6)
        for i in range(5):
            a, b = (x[i], y[i]), (x[i + 1], y[i + 1])
            corners.append(
                [(a[0] - 0.06, a[1], _MARK_Z), (a[0] + 0.06, a[1], _MARK_Z),
                 (b[0] + 0.06, b[1], _MARK_Z), (b[0] - 0.06, b[1], _MARK_Z)]
            )  # fmt: skip
    return quads(corners, paint)


def _zebra(road: Road) -> list[Mesh]:
    if road.crossing is None:
        return []
    white = Paint((0.86, 0.86, 0.84), Texture.ASPHALT, gloss=0.12, kind=Kind.GROUND)
    left = np.arange(-road.half + 0.3, road.half - 0.5, 1.2)
    low = np.full_like(left, road.crossing - 1.5)
    stops = np.array([-road.half, 0.05]), np.array([-0.05, road.half])
    place = np.array([road.crossing - 2.8, road.crossing + 2.6])
    return [
        _bands(left, left + 0.6, low, low + 3.0, _MARK_Z + 0.002, white),
        _bands(stops[0], stops[1], place, place + 0.2, _MARK_Z, white),
    ]
