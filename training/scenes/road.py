"""The ground of a street: carriageway, markings, zebra crossing, kerbs and pavements.

The carriageway lies at z = 0 between x = -half and x = half; traffic keeps to the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    asphalt = Paint(
        (grey, grey, grey * 1.02), Texture.ASPHALT, gloss=0.12, kind=Kind.GROUND, metres=1.7
    )
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
    return _bands(left, right, edges[:-1], edges[1:], z, paint)


def _bands(
    left: ArrayLike, right: ArrayLike, low: ArrayLike, high: ArrayLike, z: float, paint: Paint
) -> Mesh:
    """Level rectangles."""
    edges = np.broadcast_arrays(*np.atleast_1d(left, right, low, high), np.float64(z))
    west, east, south, north, height = edges
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return quads(np.stack([np.stack([x, y, height], 1) for x, y in corners], 1), paint)


def _pavements(generator: np.random.Generator, road: Road) -> list[Mesh]:
    """Slabs or asphalt up to the houses and beyond, and kerbstones."""
    tone = generator.uniform(0.42, 0.56)
    texture = Texture.SLABS if generator.random() < 0.7 else Texture.ASPHALT
    flags = (tone, tone * 0.98, tone * 0.94)
    paint = Paint(flags, texture, gloss=0.1, kind=Kind.GROUND, metres=2.4)
    kerb = Paint((0.56, 0.55, 0.52), Texture.PLASTER, gloss=0.1, kind=Kind.GROUND, metres=0.9)
    outer, parts = road.half + road.pavement, []
    edges = np.arange(road.start, road.end + _PIECE_M, _PIECE_M)
    zero = np.zeros(len(edges) - 1)
    for side in (-1, 1):
        for near, far in ((road.half + 0.14, outer), (outer, outer + 14)):
            left, right = sorted((side * near, side * far))
            parts.append(_strip(road, left, right, KERB_M, paint))
        left, right = sorted((side * road.half, side * (road.half + 0.15)))
        low = np.stack([zero + left, edges[:-1], zero], 1)
        high = np.stack([zero + right, edges[1:], zero + KERB_M + 0.004], 1)
        parts.append(boxes(low, high, kerb))
    return parts


def _patches(generator: np.random.Generator, road: Road, grey: float) -> list[Mesh]:
    """Mended places, manholes, drains."""
    parts = []
    for _ in range(int(generator.integers(4, 12))):
        tone = grey * generator.uniform(0.62, 1.25)
        paint = Paint((tone, tone, tone), Texture.ASPHALT, gloss=0.15, kind=Kind.GROUND)
        x, y = (
            generator.uniform(-road.half, road.half * 0.6),
            generator.uniform(road.start, road.end),
        )
        width, length = generator.uniform(0.5, 2.2), generator.uniform(1.0, 9.0)
        if generator.random() < 0.3:
            width, length = generator.uniform(2, 4), generator.uniform(0.4, 0.8)
        parts.append(_bands(x, min(x + width, road.half), y, y + length, 0.005, paint))
    iron = Paint((0.17, 0.16, 0.15), Texture.TILES, gloss=0.25, kind=Kind.GROUND, metres=0.8)
    for _ in range(int(generator.integers(4, 9))):
        x, y = generator.uniform(-road.half * 0.7, road.half * 0.7), generator.uniform(0, road.end)
        parts.append(_bands(x, x + 0.6, y, y + 0.6, 0.008, iron))
    for y in np.arange(road.start, road.end, 23.0):
        for side in (-1, 1):
            left, right = sorted((side * (road.half - 0.05), side * (road.half - 0.45)))
            parts.append(_bands(left, right, y, y + 0.5, 0.008, iron))
    return parts


def _lines(generator: np.random.Generator, road: Road) -> list[Mesh]:
    """The middle of the road, zigzags before a crossing, yellow lines along the kerbs."""
    worn = generator.uniform(0.75, 1.0)
    white = Paint(
        (_WHITE[0] * worn, _WHITE[1] * worn, _WHITE[2] * worn),
        Texture.ASPHALT,
        gloss=0.1,
        kind=Kind.GROUND,
    )
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
        parts += [_zigzag(road, road.crossing, side, white) for side in (-0.96, 0.0, 0.96)]
    return parts


def _near(road: Road, y: ArrayLike, reach: float) -> NDArray[np.bool_]:
    """Where the crossing is within reach."""
    if road.crossing is None:
        return np.zeros(np.shape(y), bool)
    return np.asarray(abs(np.asarray(y) - road.crossing) < reach)


def _zigzag(road: Road, crossing: float, side: float, paint: Paint) -> Mesh:
    """The line that forbids stopping before and behind a zebra crossing."""
    middle = side * (road.half - 0.5)
    corners = []
    for start in (crossing - 12.5, crossing + 3.5):
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
