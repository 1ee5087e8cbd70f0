"""Who is in a street: people and vehicles by chance, where people and vehicles are found."""

from __future__ import annotations

import numpy as np

from training.scenes.camera import Camera, Ride
from training.scenes.cars import draw_vehicle
from training.scenes.light import Conditions, light_of
from training.scenes.people import Person, draw_cyclist, draw_person
from training.scenes.road import Road
from training.scenes.scene import Driving, Scene
from training.scenes.street import Street, draw_street

_FARTHEST_M = 70.0


def draw_scene(
    seed: int, conditions: Conditions, width: int = 640, height: int = 480, crowd: float = 1.0
) -> Scene:
    """A scene by chance; equal arguments, equal scenes.

    Args:
        seed: of everything.
        conditions: hour, weather and glass.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        crowd: how many people, against the usual dozen.
    """
    generator = np.random.default_rng(seed)
    street = draw_street(generator)
    light = light_of(conditions, generator)
    people = draw_people(generator, street.road, conditions, crowd)
    speed = float(generator.choice([0.0, generator.uniform(2, 13)], p=[0.2, 0.8]))
    return Scene(
        street=street,
        people=people,
        vehicles=draw_traffic(generator, street, light.headlights > 0),
        camera=draw_camera(generator, width, height),
        lane_m=-street.road.half * 0.36 + float(generator.normal(0, 0.15)),
        ride=Ride(0.0, speed, seed=seed),
        conditions=conditions,
        light=light,
        seed=seed,
    )


def draw_camera(generator: np.random.Generator, width: int, height: int) -> Camera:
    """Behind a windscreen by hand: 45 to 70 degrees wide, nearly level."""
    wide = np.radians(generator.uniform(45, 70))
    return Camera(
        width=width,
        height=height,
        focal_px=float(width / 2 / np.tan(wide / 2)),
        height_m=float(generator.uniform(1.2, 1.6)),
        pitch=float(generator.normal(-0.03, 0.025)),
        yaw=float(generator.normal(0, 0.02)),
        roll=float(generator.normal(0, 0.012)),
    )


def draw_people(
    generator: np.random.Generator, road: Road, conditions: Conditions, crowd: float = 1.0
) -> tuple[Person, ...]:
    """Walkers and groups on the pavements, people who cross or wait, a cyclist now and then."""
    people: list[Person] = []
    rain = conditions.weather == "rain"
    cold = bool(generator.random() < 0.75) or rain or conditions.light == "night"
    wanted = generator.poisson(12 * crowd * (0.6 if conditions.light == "night" else 1.0))
    while len(people) < wanted:
        chance = generator.random()
        y = _distance(generator)
        if chance < 0.16:
            people += _crossing(generator, road, len(people) + 1, y, rain, cold)
        elif chance < 0.30:
            people += _waiting(generator, road, len(people) + 1, y, rain, cold)
        else:
            people += _strolling(generator, road, len(people) + 1, y, rain, cold)
    if generator.random() < 0.35:
        people.append(_cyclist(generator, road, len(people) + 1))
    return tuple(people)


def _distance(generator: np.random.Generator) -> float:
    """Metres ahead: near ones are rarer, as one sees less of the near street."""
    return float(5 + (_FARTHEST_M - 5) * generator.beta(1.25, 1.7))


def _strolling(
    generator: np.random.Generator, road: Road, track: int, y: float, rain: bool, cold: bool
) -> list[Person]:
    """One to four people who walk together along a pavement."""
    size = int(generator.choice([1, 2, 3, 4], p=[0.6, 0.27, 0.09, 0.04]))
    side = -1 if generator.random() < 0.5 else 1
    heading = (0.0 if generator.random() < 0.5 else np.pi) + generator.normal(0, 0.06)
    speed = float(np.clip(generator.normal(1.3, 0.2), 0.7, 2.0))
    first = road.half + generator.uniform(0.9, max(road.pavement - 0.4 - 0.55 * (size - 1), 1.0))
    return [
        draw_person(
            generator,
            track + index,
            (side * (first + 0.6 * index), y + generator.normal(0, 0.25) + index // 2 * 0.5),
            heading,
            speed,
            rain,
            cold,
        )
        for index in range(size)
    ]


def _crossing(
    generator: np.random.Generator, road: Road, track: int, y: float, rain: bool, cold: bool
) -> list[Person]:
    """One or two people on the carriageway, on the zebra if there is one."""
    if road.crossing is not None and generator.random() < 0.8:
        y = road.crossing + generator.uniform(-1.2, 1.2)
    side = -1 if generator.random() < 0.5 else 1
    heading = side * np.pi / 2 + generator.normal(0, 0.08)
    speed = float(np.clip(generator.normal(1.4, 0.25), 0.8, 2.4))
    x = generator.uniform(-road.half - 0.5, road.half + 0.5)
    size = 2 if generator.random() < 0.3 else 1
    return [
        draw_person(
            generator, track + index, (x + generator.normal(0, 0.2), y + 0.7 * index), heading,
            speed, rain, cold,
        )
        for index in range(size)
    ]  # fmt: skip


def _waiting(
    generator: np.random.Generator, road: Road, track: int, y: float, rain: bool, cold: bool
) -> list[Person]:
    """Somebody who stands: at the kerb, before a window, or in talk with another."""
    side = -1 if generator.random() < 0.5 else 1
    x = side * (road.half + generator.uniform(0.35, road.pavement - 0.3))
    heading = generator.uniform(-np.pi, np.pi)
    first = draw_person(generator, track, (x, y), heading, 0.0, rain, cold)
    if generator.random() < 0.6:
        return [first]
    near = generator.uniform(0.6, 0.9)
    place = x - float(np.sin(heading)) * near, y + float(np.cos(heading)) * near
    return [first, draw_person(generator, track + 1, place, heading + np.pi, 0.0, rain, cold)]


def _cyclist(generator: np.random.Generator, road: Road, track: int) -> Person:
    towards = generator.random() < 0.4
    x = (road.half - 1.2) * (1 if towards else -1)
    speed = float(generator.uniform(3, 6))
    place = (x if road.half < 4.6 else x * 0.55, _distance(generator))
    return draw_cyclist(generator, track, place, np.pi if towards else 0.0, speed)


def draw_traffic(
    generator: np.random.Generator, street: Street, lamps: bool
) -> tuple[Driving, ...]:
    """Oncoming vehicles, and sometimes one ahead."""
    lane = street.road.half * 0.36
    vehicles = []
    y = generator.uniform(8, 40)
    while y < 150:
        if generator.random() < 0.6:
            name = "bus" if generator.random() < 0.07 else None
            mesh = draw_vehicle(generator, lamps, name)
            speed = -float(generator.uniform(6, 12))
            vehicles.append(Driving(mesh, lane + float(generator.normal(0, 0.1)), float(y), speed))
        y += generator.uniform(14, 50)
    if generator.random() < 0.45:
        name = "bus" if generator.random() < 0.08 else None
        mesh = draw_vehicle(generator, lamps, name)
        place = float(generator.uniform(14, 60))
        vehicles.append(Driving(mesh, -lane, place, float(generator.uniform(4, 10))))
    return tuple(vehicles)
