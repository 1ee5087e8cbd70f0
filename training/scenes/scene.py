"""A scene: a street, who and what moves in it, the camera, and the light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes.camera import Camera, Ride, View, look
from training.scenes.light import Conditions, Light
from training.scenes.mesh import Floats, Mesh, joined, moved
from training.scenes.people import Person
from training.scenes.street import Street


@dataclass(frozen=True, eq=False)
class Driving:
    """A vehicle that moves.

    Attributes:
        mesh: along +y at the origin.
        x, y: metres across and along the street at second 0.
        speed_mps: along the street; below zero it comes towards us.
    """

    mesh: Mesh
    x: float
    y: float
    speed_mps: float


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that a picture needs but the moment.

    Attributes:
        street: what stands still.
        people: with their tracks, none twice.
        vehicles: those that drive.
        camera: in the own car.
        lane_m: where the own car drives, metres right of the street's middle.
        ride: of the own car.
        conditions, light: what the scene was asked to be, and the light that this means.
        seed: of all that is left to chance when it is rendered.
    """

    street: Street
    people: tuple[Person, ...]
    vehicles: tuple[Driving, ...]
    camera: Camera
    lane_m: float
    ride: Ride
    conditions: Conditions
    light: Light
    seed: int

    def view(self, seconds: float) -> View:
        """Where the camera is and looks at a moment."""
        y = self.ride.position_m(seconds)
        pitch, roll, lift = self.ride.sway(seconds)
        held = self.camera
        shaken = Camera(
            held.width, held.height, held.focal_px, held.height_m + lift,
            held.pitch + pitch, held.yaw, held.roll + roll,
        )  # fmt: skip
        road = self.street.road
        return look(shaken, self.lane_m + float(road.offset(y)), y, road.heading(y))

    def moving(self, seconds: float) -> Moving:
        """Meshes of all that moves, and the blots that they leave on the ground."""
        road = self.street.road
        figures, things, blots = [], [], []
        for person in self.people:
            own, carried = person.figure(road, seconds)
            figures.append(own)
            things.append(carried)
            middle = own.positions.mean(0)
            blots.append(
                (middle[0], middle[1], road.ground(person.place(seconds)[0]), 0.0, 0.42, 0.42)
            )
        for vehicle in self.vehicles:
            y = vehicle.y + vehicle.speed_mps * seconds
            heading = road.heading(y) + (0.0 if vehicle.speed_mps >= 0 else np.pi)
            x = vehicle.x + float(road.offset(y))
            things.append(moved(vehicle.mesh, (x, y, 0), heading))
            blots.append(
                (x, y, 0.0, heading, 1.35, float(np.ptp(vehicle.mesh.positions[:, 1])) * 0.62)
            )
        for x, y in self.street.parked:
            heading = road.heading(float(y))
            blots.append((x + float(road.offset(y)), y, 0.0, heading, 1.3, 2.8))
        return Moving(tuple(figures), joined(things), np.array(blots, np.float32).reshape(-1, 6))


@dataclass(frozen=True, eq=False)
class Moving:
    """What moves, at one moment.

    Attributes:
        figures: of the people, in their order, without what they carry.
        things: all else.
        blots: (B, 6): x, y, z, heading, and half width and half length of a dark place.
    """

    figures: tuple[Mesh, ...]
    things: Mesh
    blots: Floats
