"""Rendered drives with the truth of who is who: kept in a folder, as rendering is slow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from belisha.boxes import FloatArray, as_xyxy
from belisha.bundle import write_whole
from belisha.documents import parse_json, read_bounded
from belisha.errors import UsageError
from belisha.frames import Image
from training.scenes.camera import Camera, Ride
from training.scenes.light import Conditions
from training.scenes.renderer import Renderer
from training.scenes.scene import Scene
from training.scenes.sensor import Sensor, expose
from training.scenes.traffic import draw_scene
from training.scenes.truth import Sighting, sightings

WIDTH, HEIGHT, RATE_HZ = 640, 480, 15
FORMAT = 1
_TRUTH = "truth.json"
_MAX_BYTES = 20_000_000
_CAMERA = Camera(WIDTH, HEIGHT, focal_px=600.0, height_m=1.35, pitch=-0.03)


@dataclass(frozen=True)
class Plan:
    """A drive to render.

    Attributes:
        name: of its folder.
        seed: of the street and its people.
        conditions: hour and weather.
        speed_mps: of the car.
        brake_mps2: how fast it slows down.
        shake: of the car's body; 1 is an ordinary road.
        swing_deg: how far the car's nose goes to either side, as in bends.
        swing_hz: how often.
        crowd: people, against the usual dozen.
        seconds: how long.
    """

    name: str
    seed: int
    conditions: Conditions
    speed_mps: float
    brake_mps2: float = 0.0
    shake: float = 1.0
    swing_deg: float = 0.0
    swing_hz: float = 0.25
    crowd: float = 1.5
    seconds: float = 8.0

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return round(self.seconds * RATE_HZ)


PLANS = (
    Plan("calm", 11, Conditions("day", "clear"), 7.0),
    Plan("crowd", 22, Conditions("day", "overcast"), 3.0, crowd=3.0),
    Plan("bends", 33, Conditions("day", "clear"), 5.0, swing_deg=9.0),
    Plan("rough", 44, Conditions("low_sun", "clear"), 6.0, shake=6.0),
    Plan("night", 55, Conditions("night", "clear"), 5.0, crowd=2.5),
    Plan("stop", 66, Conditions("day", "rain"), 6.0, brake_mps2=0.9, crowd=2.0),
)


@dataclass(frozen=True)
class Truth:
    """One person in one frame, as it is written.

    Attributes:
        track: who it is.
        xyxy: the whole person, in pixels.
        dont_care: whether nobody is asked for this person.
        distance_m: along the camera's axis.
        truncated: whether the picture's border cuts the person.
    """

    track: int
    xyxy: tuple[float, float, float, float]
    dont_care: bool
    distance_m: float
    truncated: bool


@dataclass(frozen=True)
class DriveTruth:
    """The truth of a drive: its camera, and the people of each frame."""

    format: int
    name: str
    rate_hz: float
    focal_px: float
    height_m: float
    horizon_px: float
    frames: tuple[tuple[Truth, ...], ...]


@dataclass(frozen=True, eq=False)
class Drive:
    """A drive on disk.

    Attributes:
        folder: where its frames lie.
        truth: who is where.
    """

    folder: Path
    truth: DriveTruth

    def images(self) -> Iterator[Image]:
        """(H, W, 3) uint8 BGR each, in order."""
        for index in range(len(self.truth.frames)):
            path = self.folder / _frame_name(index)
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise UsageError(f"{path}: cannot be read: remove {self.folder} to render it again")
            yield np.asarray(image, np.uint8)


def boxes_of(people: tuple[Truth, ...], *, dont_care: bool) -> FloatArray:
    """(N, 4) boxes of those who are, or are not, asked for."""
    return as_xyxy([one.xyxy for one in people if one.dont_care == dont_care])


def drive(plan: Plan, folder: Path) -> Drive:
    """The drive of a plan, rendered into `folder/<its name>` if it is not there yet.

    Raises:
        UsageError: the folder cannot be written, or holds something else.
        MissingLibraryError: there is no OpenGL here.
    """
    own = folder / plan.name
    if not (own / _TRUTH).is_file():
        _render(plan, own)
    truth = parse_json(read_bounded(own / _TRUTH, _MAX_BYTES), DriveTruth, str(own / _TRUTH))
    if truth.format != FORMAT or len(truth.frames) != plan.frames:
        raise UsageError(f"{own}: is of another version: remove it to render it again")
    return Drive(own, truth)


def _render(plan: Plan, folder: Path) -> None:
    """The truth comes last, so that a broken-off drive is begun again."""
    scene = _scene(plan)
    frames = []
    with Renderer(WIDTH, HEIGHT) as renderer:
        for index in tqdm(range(plan.frames), desc=plan.name, unit="frame", disable=None):
            seconds = index / RATE_HZ
            turned = _turned(scene, plan, seconds)
            shot = renderer.shoot(turned, seconds)
            chance = np.random.default_rng([plan.seed, index])
            speed = scene.ride.speed_at(seconds)
            image = expose(
                shot.image_bgr, Sensor(blur_px=0.6, noise=0.5), scene.light, speed, chance
            )
            _write(folder / _frame_name(index), cv2.imencode(".jpg", image)[1].tobytes())
            frames.append([_entry(seen) for seen in sightings(renderer, turned, shot)])
    camera = scene.camera
    truth = {
        "format": FORMAT,
        "name": plan.name,
        "rate_hz": RATE_HZ,
        "focal_px": camera.focal_px,
        "height_m": camera.height_m,
        "horizon_px": HEIGHT / 2 + camera.focal_px * float(np.tan(camera.pitch)),
        "frames": frames,
    }
    _write(folder / _TRUTH, json.dumps(truth).encode())


def _scene(plan: Plan) -> Scene:
    scene = draw_scene(plan.seed, plan.conditions, WIDTH, HEIGHT, plan.crowd)
    ride = Ride(0.0, plan.speed_mps, plan.brake_mps2, plan.shake, plan.seed)
    return replace(scene, camera=_CAMERA, ride=ride)


def _turned(scene: Scene, plan: Plan, seconds: float) -> Scene:
    """The scene with the car's nose where it points at a moment."""
    swing = np.radians(plan.swing_deg) * np.sin(2 * np.pi * plan.swing_hz * seconds)
    camera = replace(scene.camera, yaw=scene.camera.yaw + float(swing))
    return replace(scene, camera=camera)


def _entry(seen: Sighting) -> dict[str, object]:
    return {
        "track": seen.track,
        "xyxy": [round(side, 2) for side in seen.xyxy],
        "dont_care": seen.dont_care,
        "distance_m": round(seen.distance_m, 3),
        "truncated": seen.truncated,
    }


def _frame_name(index: int) -> str:
    return f"{index:05d}.jpg"


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
