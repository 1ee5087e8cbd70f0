"""A street by chance: ground, rows of houses, trees, furniture, parked cars, and its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes.cars import SHAPES, draw_vehicle
from training.scenes.furniture import (
    LAMP_HEIGHT_M,
    LAMP_REACH_M,
    beacon,
    bin_,
    bollard,
    lamp_post,
    pillar_box,
    railing,
    shelter,
    sign,
    traffic_light,
)
from training.scenes.houses import draw_house
from training.scenes.mesh import Floats, Kind, Mesh, Paint, Texture, boxes, joined, moved
from training.scenes.road import KERB_M, Road, ground
from training.scenes.trees import draw_tree, hedge

_BEHIND_M, _AHEAD_M = -30.0, 190.0
_DETAIL_M = 75.0
"""Up to here houses have window frames."""
_TREES = 5
"""Different near trees in one street, and as many far ones."""


@dataclass(frozen=True, eq=False)
class Street:
    """What does not move.

    Attributes:
        road: its sizes.
        mesh: everything, in world coordinates.
        lamps: (L, 3) metres, the heads of the street lamps.
        parked: (P, 2) metres, across and along, the middles of the parked cars.
    """

    road: Road
    mesh: Mesh
    lamps: Floats
    parked: Floats


def draw_street(generator: np.random.Generator, crossing: float | None = None) -> Street:
    """A street by chance.

    Args:
        generator: its chance.
        crossing: where a zebra crossing is, in metres along the street; None leaves it to chance.
    """
    if crossing is None and generator.random() < 0.5:
        crossing = float(generator.uniform(10, 45))
    road = Road(
        half=float(generator.uniform(3.6, 5.6)),
        pavement=float(generator.uniform(2.2, 4.2)),
        start=_BEHIND_M,
        end=_AHEAD_M,
        crossing=crossing,
        bend=float(generator.normal(0, 5)),
        period=float(generator.uniform(280, 500)),
    )
    bare = bool(generator.random() < 0.45)
    trees = [
        draw_tree(generator, bare, float(generator.uniform(5, 11)), detail=index < _TREES)
        for index in range(2 * _TREES)
    ]
    lamp_meshes, lamps = _lamps(generator, road)
    cars, parked = _parked(generator, road)
    parts = [
        ground(generator, road),
        *_row(generator, road, -1, trees),
        *_row(generator, road, 1, trees),
        *_furniture(generator, road),
        *_street_trees(generator, road, trees),
    ]
    straight = joined([*parts, *lamp_meshes, *cars])
    lamps[:, 0] += road.offset(lamps[:, 1])
    return Street(road, joined([road.bent(straight), *_end(generator, road, trees)]), lamps, parked)


def _row(generator: np.random.Generator, road: Road, side: int, trees: list[Mesh]) -> list[Mesh]:
    """Houses shoulder to shoulder, now and then a gap with a garden."""
    garden = float(generator.uniform(1.5, 4.0)) if generator.random() < 0.35 else 0.0
    front = road.half + road.pavement + garden
    parts, y = [], road.start
    green = generator.random() < 0.15
    while y < road.end:
        gap = generator.random() < (0.75 if green else 0.10)
        width = float(generator.uniform(5, 13))
        if gap:
            parts += _garden(generator, road, side, y, width, trees)
        else:
            house = draw_house(generator, width, detail=y < _DETAIL_M)
            # A front looks at the road: its left end is nearer on the left, farther on the right.
            start = y if side < 0 else y + width
            parts.append(moved(house, (side * front, start, KERB_M), -side * np.pi / 2))
            if garden:
                parts += _front_garden(generator, road, side, y, width)
        y += width
    return parts


def _front_garden(
    generator: np.random.Generator, road: Road, side: int, y: float, width: float
) -> list[Mesh]:
    edge = road.half + road.pavement
    low, high = sorted((side * edge, side * (edge + 0.35)))
    gate = y + generator.uniform(0.3, 0.6) * width
    spans = ((y, gate), (gate + 1.1, y + width))
    tall = KERB_M + generator.uniform(0.6, 1.2)
    if generator.random() < 0.5:
        return [hedge(np.array((low, a, KERB_M)), np.array((high, b, tall))) for a, b in spans]
    wall = Paint((0.50, 0.36, 0.28), Texture.BRICK)
    return [boxes((low, a, KERB_M), (high, b, tall), wall) for a, b in spans]


def _garden(
    generator: np.random.Generator, road: Road, side: int, y: float, width: float, trees: list[Mesh]
) -> list[Mesh]:
    """A hedge or a wall at the pavement, trees and darkness behind it."""
    edge = road.half + road.pavement
    low, high = sorted((side * edge, side * (edge + 0.7)))
    tall = KERB_M + generator.uniform(1.0, 2.2)
    parts = [hedge(np.array((low, y, KERB_M)), np.array((high, y + width, tall)))]
    grass = Paint((0.22, 0.28, 0.12), Texture.GRASS)
    low, high = sorted((side * (edge + 0.7), side * (edge + 13)))
    parts.append(boxes((low, y, KERB_M), (high, y + width, KERB_M + 0.02), grass))
    for _ in range(max(int(width / 3.5), 1)):
        x = side * (edge + generator.uniform(2.5, 9))
        place = (x, y + generator.uniform(0, width), KERB_M)
        parts.append(_planted(generator, trees, place, (0.8, 1.2)))
    low, high = sorted((side * (edge + 12), side * (edge + 12.5)))
    parts.append(hedge(np.array((low, y, KERB_M)), np.array((high, y + width, 3.5))))
    return parts


def _planted(
    generator: np.random.Generator,
    trees: list[Mesh],
    place: tuple[float, float, float],
    sizes: tuple[float, float],
) -> Mesh:
    """One of the trees, turned and scaled."""
    near = place[1] < _DETAIL_M
    tree = trees[int(generator.integers(_TREES)) + (0 if near else _TREES)]
    turn, size = generator.uniform(0, 2 * np.pi), generator.uniform(*sizes)
    return moved(tree, place, float(turn), float(size))


def _lamps(generator: np.random.Generator, road: Road) -> tuple[list[Mesh], Floats]:
    """Posts on alternating sides, and where they shine from."""
    post, parts, heads = lamp_post(), [], []
    distance = generator.uniform(19, 28)
    for index, y in enumerate(np.arange(road.start + generator.uniform(0, 20), road.end, distance)):
        side = -1 if index % 2 else 1
        x = side * (road.half + 0.45)
        # Turned half round on the left, so that its arm reaches over the road.
        parts.append(moved(post, (x, y, KERB_M), 0.0 if side > 0 else np.pi))
        heads.append((x - side * LAMP_REACH_M, y, LAMP_HEIGHT_M + KERB_M))
    return parts, np.array(heads, np.float32)


def _furniture(generator: np.random.Generator, road: Road) -> list[Mesh]:
    """Beacons at the crossing, and what else stands along both kerbs."""
    parts = []
    if road.crossing is not None:
        for side in (-1, 1):
            for y in (road.crossing - 1.9, road.crossing + 1.9):
                parts.append(moved(beacon(), (side * (road.half + 0.4), y, KERB_M)))
    for side in (-1, 1):
        parts += _along_kerb(generator, road, side)
    return parts


def _along_kerb(generator: np.random.Generator, road: Road, side: int) -> list[Mesh]:
    """Signs, bins and bollards; now and then a post box, a shelter, a traffic light, a rail."""
    x, turn = side * (road.half + 0.5), 0.0 if side > 0 else np.pi
    # How often, how many, between which places along the street, and what.
    things: tuple[tuple[float, int, float, float, Mesh], ...] = (
        *((1.0, 2, 5.0, 120.0, sign(generator)) for _ in range(2)),
        (0.8, 2, 5.0, 90.0, bin_()),
        (0.3, 1, 8.0, 50.0, pillar_box()),
        (0.3, 1, 12.0, 60.0, shelter()),
        (0.3, 1, 30.0, 110.0, traffic_light(generator)),
        (0.2, 1, 10.0, 60.0, railing(8.0)),
    )
    parts = []
    for chance, most, low, high, mesh in things:
        for _ in range(most):
            if generator.random() < chance:
                facing = turn if low in (8.0, 12.0) else 0.0
                parts.append(moved(mesh, (x, generator.uniform(low, high), KERB_M), facing))
    if generator.random() < 0.5:
        start = generator.uniform(5, 60)
        for y in np.arange(start, start + generator.uniform(5, 14), 1.6):
            parts.append(moved(bollard(), (x, y, KERB_M)))
    return parts


def _street_trees(generator: np.random.Generator, road: Road, trees: list[Mesh]) -> list[Mesh]:
    parts = []
    for side in (-1, 1):
        if generator.random() < 0.5:
            continue
        distance = generator.uniform(11, 24)
        for y in np.arange(road.start + generator.uniform(0, 10), road.end - 20, distance):
            if road.crossing is None or abs(y - road.crossing) > 5:
                place = (side * (road.half + 0.8), y, KERB_M)
                parts.append(_planted(generator, trees, place, (0.6, 0.9)))
    return parts


def _parked(generator: np.random.Generator, road: Road) -> tuple[list[Mesh], Floats]:
    """Cars along the kerbs where the road is wide enough, none near the crossing."""
    parts, middles = [], []
    for side in (-1, 1):
        if road.half < 4.6 or generator.random() < 0.15:
            continue
        y, crowd = road.start + generator.uniform(0, 8), generator.uniform(0.35, 0.95)
        while y < road.end - 40:
            name = str(
                generator.choice(
                    ["hatchback", "saloon", "estate", "suv", "van"], p=[0.34, 0.24, 0.14, 0.2, 0.08]
                )
            )
            length = SHAPES[name].length
            middle = y + length / 2
            clear = road.crossing is None or abs(middle - road.crossing) > length / 2 + 4
            if clear and generator.random() < crowd:
                x = side * (road.half - SHAPES[name].half - generator.uniform(0.12, 0.35))
                turn = np.pi if side > 0 and generator.random() < 0.8 else 0.0
                car = draw_vehicle(generator, lamps=False, name=name)
                parts.append(moved(car, (x, middle, 0), turn + generator.normal(0, 0.015)))
                middles.append((x, middle))
            y += length + generator.uniform(0.6, 1.6)
    return parts, np.array(middles, np.float32).reshape(-1, 2)


def _end(generator: np.random.Generator, road: Road, trees: list[Mesh]) -> list[Mesh]:
    """What closes the street: houses across it, trees before them, blocks behind."""
    middle = float(road.offset(road.end))
    parts = []
    x = middle - 60.0
    while x < middle + 60:
        width = float(generator.uniform(7, 14))
        parts.append(moved(draw_house(generator, width, detail=False), (x, road.end + 4, KERB_M)))
        x += width
    for _ in range(10):
        place = (middle + generator.normal(0, 14), road.end + generator.uniform(-14, 2), 0)
        parts.append(_planted(generator, trees, place, (0.9, 1.3)))
    pale = Paint((0.52, 0.54, 0.57), Texture.PLASTER, metres=4)
    for _ in range(6):
        left, deep = middle + generator.uniform(-80, 60), road.end + generator.uniform(40, 120)
        high = generator.uniform(14, 40)
        parts.append(
            boxes((left, deep, 0), (left + generator.uniform(10, 26), deep + 12, high), pale)
        )
    field = Paint((0.30, 0.30, 0.29), Texture.ASPHALT, kind=Kind.GROUND, metres=3)
    parts.append(
        boxes((middle - 150, road.start, -0.5), (middle + 150, road.end + 150, -0.03), field)
    )
    return parts
