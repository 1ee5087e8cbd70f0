"""Cars, vans and buses: a smooth skin over cross-sections, with glass, wheels and lamps.

A vehicle stands at the origin and drives along +y; its wheels touch z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training.scenes.mesh import (
    Colour,
    Floats,
    Kind,
    Mesh,
    Paint,
    ball,
    boxes,
    joined,
    patchwork,
    quads,
)

_COLOURS: tuple[tuple[float, Colour], ...] = (
    (0.20, (0.05, 0.05, 0.06)), (0.20, (0.52, 0.54, 0.56)), (0.16, (0.82, 0.83, 0.84)),
    (0.14, (0.25, 0.27, 0.29)), (0.10, (0.10, 0.17, 0.34)), (0.08, (0.45, 0.06, 0.06)),
    (0.04, (0.12, 0.24, 0.17)), (0.04, (0.55, 0.50, 0.40)), (0.04, (0.22, 0.40, 0.58)),
)  # fmt: skip
_GLASS = Paint((0.06, 0.07, 0.08), gloss=0.9, kind=Kind.GLASS)
_RUBBER = Paint((0.04, 0.04, 0.045), gloss=0.05)
_TRIM = Paint((0.06, 0.06, 0.065), gloss=0.15)
_CHROME = Paint((0.34, 0.345, 0.36), gloss=0.5)


@dataclass(frozen=True)
class Station:
    """A cross-section: where it is, how high and how wide."""

    y: float
    floor: float
    belt: float
    roof: float
    width: float
    roof_width: float
    top_glass: bool = False
    side_glass: bool = False


@dataclass(frozen=True)
class Shape:
    """A kind of vehicle, in metres."""

    name: str
    length: float
    width: float
    height: float
    wheel: float
    stations: tuple[Station, ...]

    @property
    def half(self) -> float:
        """Half its width."""
        return self.width / 2


def _car(name: str, length: float, width: float, height: float, boot: float, nose: float) -> Shape:
    """A saloon (boot > 0) or a hatchback (boot = 0); `nose` is the bonnet's length."""
    rear, front = -length / 2, length / 2
    belt = 0.93 * height / 1.45
    tail = belt - 0.02
    cabin = front - nose
    stations = (
        Station(rear, 0.40, tail - 0.28, tail - 0.27, 0.86, 0.80),
        Station(rear + 0.04, 0.30, tail - 0.10, tail - 0.09, 0.94, 0.86),
        Station(rear + 0.12, 0.24, tail, tail + 0.02, 0.97, 0.84, top_glass=boot == 0),
        *(
            (Station(rear + boot, 0.22, belt, belt + 0.03, 1.0, 0.84, top_glass=True),)
            if boot
            else ()
        ),
        Station(rear + boot + 0.48, 0.20, belt, height - 0.05, 1.0, 0.68),
        Station(rear + boot + 0.62, 0.20, belt, height - 0.02, 1.0, 0.70, side_glass=True),
        Station(-0.02, 0.20, belt, height, 1.0, 0.70),
        Station(0.06, 0.20, belt, height, 1.0, 0.70, side_glass=True),
        Station(cabin - 0.80, 0.20, belt, height - 0.04, 1.0, 0.68, True, True),
        Station(cabin - 0.70, 0.20, belt, height - 0.12, 1.0, 0.70, True, True),
        Station(cabin - 0.18, 0.20, belt, belt + 0.12, 1.0, 0.79, top_glass=True),
        Station(cabin, 0.20, belt, belt + 0.03, 1.0, 0.82),
        Station(front - 0.35, 0.22, belt - 0.12, belt - 0.08, 0.97, 0.80),
        Station(front - 0.12, 0.24, belt - 0.22, belt - 0.18, 0.92, 0.78),
        Station(front - 0.02, 0.30, belt - 0.32, belt - 0.30, 0.84, 0.72),
        Station(front, 0.38, belt - 0.40, belt - 0.39, 0.78, 0.70),
    )
    return Shape(name, length, width, height, 0.31, stations)


def _van(name: str, length: float, width: float, height: float) -> Shape:
    rear, front = -length / 2, length / 2
    belt = 1.15
    stations = (
        Station(rear, 0.40, belt, height - 0.10, 0.96, 0.88),
        Station(rear + 0.05, 0.30, belt, height - 0.02, 0.99, 0.92),
        Station(front - 2.0, 0.28, belt, height, 1.0, 0.92),
        Station(front - 1.9, 0.28, belt, height, 1.0, 0.90, side_glass=True),
        Station(front - 1.22, 0.28, belt, height - 0.04, 1.0, 0.84),
        Station(front - 1.15, 0.28, belt, height - 0.10, 1.0, 0.83, True, True),
        Station(front - 0.68, 0.28, belt, belt + 0.26, 1.0, 0.85, top_glass=True),
        Station(front - 0.55, 0.28, belt, belt + 0.05, 1.0, 0.86),
        Station(front - 0.12, 0.32, belt - 0.22, belt - 0.16, 0.95, 0.84),
        Station(front, 0.40, belt - 0.45, belt - 0.42, 0.86, 0.78),
    )
    return Shape(name, length, width, height, 0.34, stations)


def _bus() -> Shape:
    rear, front, height, belt = -5.4, 5.4, 3.0, 1.35
    bays = np.linspace(rear + 0.5, front - 0.8, 7)
    stations = [
        Station(rear, 0.45, belt, height - 0.25, 0.95, 0.90),
        Station(rear + 0.15, 0.35, belt, height - 0.05, 1.0, 0.95),
    ]
    for start, end in pairwise(bays):
        stations.append(Station(float(start), 0.33, belt, height, 1.0, 0.96, side_glass=True))
        stations.append(Station(float(end) - 0.12, 0.33, belt, height, 1.0, 0.96))
    stations += [
        Station(front - 0.75, 0.33, belt, height, 1.0, 0.96, side_glass=True),
        Station(front - 0.12, 0.33, belt - 0.1, height - 0.10, 0.99, 0.95, True),
        Station(front, 0.40, belt - 0.15, belt - 0.05, 0.95, 0.93),
    ]
    return Shape("bus", 10.8, 2.5, height, 0.46, tuple(stations))


SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        _car("hatchback", 4.0, 1.72, 1.47, 0.0, 0.95),
        _car("saloon", 4.6, 1.80, 1.43, 0.62, 1.20),
        _car("estate", 4.7, 1.82, 1.50, 0.0, 1.15),
        _car("suv", 4.5, 1.88, 1.70, 0.0, 1.05),
        _van("van", 5.2, 2.0, 2.15),
        _bus(),
    )
}
_SHARES = {"hatchback": 0.34, "saloon": 0.22, "estate": 0.14, "suv": 0.20, "van": 0.10}


def draw_vehicle(generator: np.random.Generator, lamps: bool, name: str | None = None) -> Mesh:
    """A vehicle by chance, or of a name in `SHAPES`; `lamps`: with its lights on."""
    if name is None:
        shares = list(_SHARES.values())
        name = list(_SHARES)[int(generator.choice(len(shares), p=shares))]
    return vehicle(SHAPES[name], _colour(generator, name), lamps)


def _colour(generator: np.random.Generator, name: str) -> Colour:
    if name == "van" and generator.random() < 0.6:
        return 0.85, 0.85, 0.84
    if name == "bus":
        return ((0.62, 0.08, 0.08), (0.12, 0.30, 0.55), (0.20, 0.42, 0.26))[generator.integers(3)]
    shares = [share for share, _ in _COLOURS]
    return _COLOURS[int(generator.choice(len(shares), p=shares))][1]


def vehicle(shape: Shape, colour: Colour, lamps: bool) -> Mesh:
    """Skin, wheels, lamps, plates and mirrors of a vehicle."""
    return joined([_skin(shape, colour), _wheels(shape), _fittings(shape, colour, lamps)])


_PROFILE = ((0.80, 0), (0.965, 0.18), (1.0, 0.5), (0.995, 0.80), (0.97, 1.0))
"""From sill to belt: width, and share of that height."""


def _section(station: Station, half: float) -> Floats:
    """(16, 3) points from the left sill over the roof to the right sill."""
    height = station.belt - station.floor
    side = [(share * station.width * half, station.floor + up * height) for share, up in _PROFILE]
    cabin = station.roof - station.belt
    edge = station.roof_width * half
    side += [
        (edge + 0.03, station.belt + cabin * 0.90),
        (edge - 0.10, station.belt + cabin * 0.985),
        (edge * 0.4, station.roof + 0.02),
    ]
    left = [(-x, station.y, z) for x, z in side]
    right = [(x, station.y, z) for x, z in side[::-1]]
    return np.array(left + right, np.float32)


def _skin(shape: Shape, colour: Colour) -> Mesh:
    """The body, each cell painted as sill, metal or glass."""
    metal = Paint(colour, gloss=0.75)
    grid = np.stack([_section(station, shape.half) for station in shape.stations])
    paints = []
    for station in shape.stations[:-1]:
        side = _GLASS if station.side_glass else metal
        top = _GLASS if station.top_glass else metal
        left = [_TRIM, metal, metal, metal, side, metal, top]
        if station.top_glass and not station.side_glass:
            left[5] = top
        paints.append([*left, top, *left[::-1]])
    skin = patchwork(grid, paints)
    caps = []
    for station, turn in ((shape.stations[0], 1), (shape.stations[-1], -1)):
        points = _section(station, shape.half)[::-turn]
        halves = [[points[i], points[i + 1], points[-2 - i], points[-1 - i]] for i in range(7)]
        caps.append(quads(halves, metal))
    return joined([skin, *caps])


def _wheels(shape: Shape) -> Mesh:
    """Four wheels in dark arches."""
    axle, radius = shape.length / 2 - (0.85 if shape.length < 8 else 2.3), shape.wheel
    # From inside to outside: how far out, how large, and what lies between this ring and the next.
    rings = (
        (-0.20, 1.0, _RUBBER), (0.010, 1.0, _RUBBER), (0.014, 0.70, _CHROME),
        (0.002, 0.62, _CHROME), (0.016, 0.22, _TRIM), (0.018, 0.02, _TRIM),
    )  # fmt: skip
    parts = []
    for y in (-axle * 0.95, axle):
        for side in (-1, 1):
            x = side * (shape.half - 0.03)
            arch = [(x - side * 0.20, radius + 0.05), (x - side * 0.004, radius + 0.05), (x, 0.05)]
            parts.append(_turned(arch, [_TRIM, _TRIM], y, radius, side))
            wheel = [(x + side * out, share * radius) for out, share, _ in rings]
            parts.append(_turned(wheel, [paint for _, _, paint in rings[:-1]], y, radius, side))
    return joined(parts)


def _turned(
    profile: list[tuple[float, float]], paints: list[Paint], y: float, z: float, side: int
) -> Mesh:
    """A body turned on the x axis through (y, z): places and radii, and paints between them."""
    turn = np.linspace(0, 2 * np.pi, 13)
    rings = [
        np.stack([np.full(13, x), y + r * np.cos(turn), z + side * r * np.sin(turn)], 1)
        for x, r in profile
    ]
    return patchwork(np.stack(rings), [[paint] * 12 for paint in paints])


def _fittings(shape: Shape, colour: Colour, lamps: bool) -> Mesh:
    """Lamps, plates, mirrors, grille."""
    half, front, rear = shape.half, shape.length / 2, -shape.length / 2
    belt = shape.stations[len(shape.stations) // 2].belt
    head = Paint((0.92, 0.93, 0.88), gloss=0.5, glow=1.0 if lamps else 0.0)
    tail = Paint((0.55, 0.03, 0.03), gloss=0.4, glow=0.35 if lamps else 0.02)
    face = belt - 0.42 if shape.length < 8 else belt - 0.60
    parts = []
    for side in (-1, 1):
        x = side * half
        inner, outer = sorted((x * 0.56, x * 0.82))
        parts.append(boxes((inner, front - 0.16, face), (outer, front + 0.005, face + 0.13), head))
        inner, outer = sorted((x * 0.74, x * 0.93))
        parts.append(
            boxes((inner, rear - 0.015, belt - 0.32), (outer, rear + 0.1, belt - 0.10), tail)
        )
        mirror = (x * 1.09, shape.length * 0.13, belt + 0.07)
        parts.append(ball(mirror, (0.10, 0.05, 0.07), Paint(colour, gloss=0.6), 6))
    plate = 0.26
    for y, shade in ((front + 0.01, (0.85, 0.85, 0.82)), (rear - 0.03, (0.85, 0.72, 0.2))):
        low, high = (-plate, y - 0.01, 0.42), (plate, y + 0.01, 0.53)
        parts.append(boxes(low, high, Paint(shade)))
    parts.append(
        boxes(
            (-half * 0.5, front - 0.1, face - 0.05), (half * 0.5, front + 0.004, face + 0.1), _TRIM
        )
    )
    parts.append(boxes((-half * 0.8, rear - 0.02, 0.28), (half * 0.8, rear + 0.2, 0.40), _TRIM))
    parts.append(
        boxes((-half * 0.72, front - 0.2, 0.26), (half * 0.72, front + 0.012, 0.38), _TRIM)
    )
    return joined(parts)
