"""A stage for tests: an empty road, a camera, and people placed by hand."""

from __future__ import annotations

import numpy as np

from training.scenes.camera import Camera, Ride
from training.scenes.light import Conditions, light_of
from training.scenes.mesh import Mesh, Paint, boxes, joined
from training.scenes.people import Person, draw_person
from training.scenes.road import Road, ground
from training.scenes.scene import Scene
from training.scenes.street import Street

ROAD = Road(half=4.0, pavement=3.0, start=-20, end=100, crossing=None, bend=0.0, period=300)


def staged(
    people: tuple[Person, ...], *things: Mesh, width: int = 192, height: int = 144, seed: int = 0
) -> Scene:
    """People and things on a straight road, by day, seen by a level camera 1.4 m above it."""
    mesh = joined([ground(np.random.default_rng(seed), ROAD), *things])
    conditions = Conditions("day", "overcast")
    return Scene(
        street=Street(ROAD, mesh, np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32)),
        people=people,
        vehicles=(),
        camera=Camera(width, height, focal_px=200.0, height_m=1.4, pitch=0.0),
        lane_m=0.0,
        ride=Ride(0.0, 0.0),
        conditions=conditions,
        light=light_of(conditions, np.random.default_rng(seed)),
        seed=seed,
    )


def somebody(x: float, y: float, track: int = 1, seed: int = 3) -> Person:
    """A grown-up who stands there and looks along the street."""
    return draw_person(np.random.default_rng(seed), track, (x, y), 0.0, 0.0)


def wall(left: float, right: float, y: float, high: float = 3.0) -> Mesh:
    """A wall across the road."""
    return boxes((left, y, 0), (right, y + 0.2, high), Paint((0.5, 0.4, 0.3)))
