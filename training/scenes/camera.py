"""The camera behind the windscreen, and how the car carries it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes.mesh import Floats

NEAR_M, FAR_M = 0.25, 500.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in a car.

    Attributes:
        width, height: of the picture, in pixels.
        focal_px: focal length in pixels; the centre of projection is the middle of the picture.
        height_m: above the road.
        pitch, yaw, roll: radians; up, to the left, and clockwise as seen by the camera.
    """

    width: int = 640
    height: int = 480
    focal_px: float = 640.0
    height_m: float = 1.35
    pitch: float = -0.03
    yaw: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, eq=False)
class View:
    """A camera at one place of the world.

    Attributes:
        camera: its lens and picture.
        eye: (3,) metres.
        axes: (3, 3) rows: the camera's right, forward and up in the world.
    """

    camera: Camera
    eye: Floats
    axes: Floats

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """(N, 3) metres -> (N, 2) pixels (right, down) and (N,) depth in metres.

        Points at or behind the camera have depth <= 0 and meaningless pixels.
        """
        right, depth, up = self.axes @ (np.asarray(points, np.float32) - self.eye).T
        scale = self.camera.focal_px / np.where(depth > 1e-6, depth, 1e-6)
        x = self.camera.width / 2 + right * scale
        y = self.camera.height / 2 - up * scale
        return np.stack([x, y], 1), depth

    def matrix(self) -> Floats:
        """(4, 4) from world to OpenGL's clip coordinates."""
        return self.projection() @ self.rotation()

    def rotation(self) -> Floats:
        """(4, 4) from the world to OpenGL's eye coordinates: x right, y up, z backwards."""
        right, forward, up = self.axes
        matrix = np.eye(4, dtype=np.float32)
        matrix[:3, :3] = np.stack([right, up, -forward])
        matrix[:3, 3] = -matrix[:3, :3] @ self.eye
        return matrix

    def projection(self) -> Floats:
        """(4, 4) of the pinhole."""
        camera = self.camera
        return np.array(
            [
                [2 * camera.focal_px / camera.width, 0, 0, 0],
                [0, 2 * camera.focal_px / camera.height, 0, 0],
                [0, 0, (NEAR_M + FAR_M) / (NEAR_M - FAR_M), 2 * NEAR_M * FAR_M / (NEAR_M - FAR_M)],
                [0, 0, -1, 0],
            ],
            np.float32,
        )


def look(camera: Camera, x: float, y: float, heading: float, ground: float = 0.0) -> View:
    """The view from a car at (x, y) metres on ground of a height, driving at `heading` radians.

    Heading 0 is along the road; greater turns left.
    """
    yaw = heading + camera.yaw
    forward = np.array(
        [
            -np.sin(yaw) * np.cos(camera.pitch),
            np.cos(yaw) * np.cos(camera.pitch),
            np.sin(camera.pitch),
        ]
    )
    level = np.array([np.cos(yaw), np.sin(yaw), 0])
    upright = np.cross(level, forward)
    right = np.cos(camera.roll) * level - np.sin(camera.roll) * upright
    up = np.cos(camera.roll) * upright + np.sin(camera.roll) * level
    eye = np.array([x, y, ground + camera.height_m], np.float32)
    return View(camera, eye, np.stack([right, forward, up]).astype(np.float32))


@dataclass(frozen=True)
class Ride:
    """How the car moves: speed, and the shaking of its body.

    Attributes:
        start_m: where along the road the ride begins.
        speed_mps: at the beginning.
        brake_mps2: how fast the speed falls; it does not fall below zero.
        shake: scale of the vibration; 1 is an ordinary road.
        seed: of the vibration.
    """

    start_m: float = 0.0
    speed_mps: float = 8.0
    brake_mps2: float = 0.0
    shake: float = 1.0
    seed: int = 0

    def position_m(self, seconds: float) -> float:
        """How far along the road the camera is."""
        if self.brake_mps2 > 0:
            seconds = min(seconds, self.speed_mps / self.brake_mps2)
        return self.start_m + self.speed_mps * seconds - self.brake_mps2 * seconds**2 / 2

    def speed_at(self, seconds: float) -> float:
        """Metres per second."""
        return max(self.speed_mps - self.brake_mps2 * seconds, 0.0)

    def sway(self, seconds: float) -> tuple[float, float, float]:
        """Pitch and roll in radians, and lift in metres, of the body on its springs."""
        generator = np.random.default_rng(self.seed)
        phases = generator.uniform(0, 2 * np.pi, (3, 3))
        rates = np.array([1.3, 2.9, 7.1]) * 2 * np.pi
        waves = np.sin(rates * seconds + phases) @ np.array([0.6, 0.3, 0.15])
        moving = self.shake * min(self.speed_at(seconds) / 8, 1)
        pitch, roll, lift = waves * moving * np.array([0.0035, 0.003, 0.008])
        return float(pitch), float(roll), float(lift)
