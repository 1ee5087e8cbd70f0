"""The demo clip: ten seconds of driving through four hours, with the truth of each frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from belisha.bundle import write_whole
from belisha.errors import UsageError
from belisha.frames import Image
from training.scenes.camera import Camera, Ride
from training.scenes.light import Conditions, light_of
from training.scenes.people import Person, draw_cyclist, draw_person
from training.scenes.renderer import Renderer
from training.scenes.road import Road
from training.scenes.scene import Driving, Scene
from training.scenes.sensor import Sensor, expose
from training.scenes.street import draw_street
from training.scenes.traffic import draw_traffic
from training.scenes.truth import Sighting, sightings
from training.scenes.webm import encode_webm, find_encoder

RATE_HZ = 15
SECTION_S = 2.5
WIDTH, HEIGHT = 640, 480
VIDEO, TRUTH = "demo.webm", "demo_truth.json"
FORMAT = 1
_KBIT_PER_S = 950


@dataclass(frozen=True)
class Section:
    """A quarter of the clip: what it is called, what it is taken in, and its chance."""

    name: str
    conditions: Conditions
    seed: int
    crossing_m: float = 17.5


SECTIONS = (
    Section("day", Conditions("day", "clear"), 54),
    Section("low_sun", Conditions("low_sun", "clear", "reflection", 0.25), 25),
    Section("night", Conditions("night", "clear"), 32),
    Section("rain", Conditions("day", "rain", "drops", 0.45), 43),
)


@dataclass(frozen=True, eq=False)
class ClipFrame:
    """One frame with its truth."""

    image_bgr: Image
    condition: str
    seen: tuple[Sighting, ...]


def section_scene(section: Section) -> Scene:
    """The scene of one quarter."""
    generator = np.random.default_rng(section.seed)
    street = draw_street(generator, crossing=section.crossing_m)
    light = light_of(section.conditions, generator)
    return Scene(
        street=street,
        people=_cast(generator, street.road, section),
        vehicles=_far_off(draw_traffic(generator, street, light.headlights > 0), section),
        camera=Camera(WIDTH, HEIGHT, focal_px=700.0, height_m=1.35, pitch=-0.045),
        lane_m=-street.road.half * 0.36,
        ride=Ride(0.0, 5.5, brake_mps2=1.1, seed=section.seed),
        conditions=section.conditions,
        light=light,
        seed=section.seed,
    )


def _far_off(vehicles: tuple[Driving, ...], section: Section) -> tuple[Driving, ...]:
    """Those that reach nobody on the crossing while the section lasts."""
    stop = section.crossing_m + 6
    return tuple(
        vehicle
        for vehicle in vehicles
        if vehicle.y + min(vehicle.speed_mps, 0) * SECTION_S > stop and vehicle.y > stop
    )


def _cast(generator: np.random.Generator, road: Road, section: Section) -> tuple[Person, ...]:
    """Three who cross, six on the pavements, one between parked cars, one cyclist."""
    rain = section.conditions.weather == "rain"
    near, far = road.half + 0.9, road.half + max(road.pavement - 0.6, 1.2)
    y = section.crossing_m
    left, right = np.pi / 2, -np.pi / 2
    places = (
        (-road.half - 0.4, y - 0.6, right, 1.35),
        (road.half * 0.75, y + 0.5, left, 1.3),
        (road.half * 0.75 + 1.6, y + 1.0, left, 1.3),
        (-near, y - 5.5, 0.0, 1.2),
        (-far, y + 6, np.pi, 1.4),
        (-near - 0.3, y + 17, np.pi, 1.2),
        (near, y + 1.0, np.pi, 1.3),
        (near + 0.8, y + 0.2, np.pi, 1.3),
        (far, y + 13, np.pi, 1.3),
        (road.half - 0.2, y + 9.5, left, 0.5),
    )
    people = [
        draw_person(generator, track, (x, along), heading, speed, rain)
        for track, (x, along, heading, speed) in enumerate(places, start=1)
    ]
    people.append(draw_cyclist(generator, len(people) + 1, (-road.half * 0.62, y + 15), 0.0, 3.5))
    return tuple(people)


def clip_frames() -> Iterator[ClipFrame]:
    """All frames in order; equal on one machine each time.

    Raises:
        MissingLibraryError: there is no OpenGL here.
    """
    with Renderer(WIDTH, HEIGHT) as renderer:
        scene, shown = None, -1
        for index in range(round(RATE_HZ * SECTION_S * len(SECTIONS))):
            number = int(index / (RATE_HZ * SECTION_S))
            if scene is None or number != shown:
                scene, shown = section_scene(SECTIONS[number]), number
            seconds = index / RATE_HZ - number * SECTION_S
            shot = renderer.shoot(scene, seconds)
            generator = np.random.default_rng([scene.seed, index])
            sensor = Sensor(blur_px=0.6, noise=0.5)
            image = expose(
                shot.image_bgr, sensor, scene.light, scene.ride.speed_at(seconds), generator
            )
            seen = sightings(renderer, scene, shot)
            yield ClipFrame(image, SECTIONS[number].name, seen)


def write_clip(folder: Path) -> dict[str, int]:
    """Render the clip and its truth into a folder as `VIDEO` and `TRUTH`.

    Returns:
        Frames, people that count, and bytes of both files.

    Raises:
        UsageError: the folder cannot be written.
        MissingLibraryError: OpenGL or the encoder is absent.
    """
    find_encoder()
    total = round(RATE_HZ * SECTION_S * len(SECTIONS))
    frames = list(tqdm(clip_frames(), total=total, unit="frame", disable=None))
    video = encode_webm((frame.image_bgr for frame in frames), RATE_HZ, _KBIT_PER_S)
    truth = json.dumps(_truth(frames), separators=(",", ":")).encode() + b"\n"
    for name, data in ((VIDEO, video), (TRUTH, truth)):
        try:
            write_whole(folder / name, data)
        except OSError as error:
            raise UsageError(f"{folder / name}: cannot be written: {error.strerror}") from error
    people = sum(not seen.dont_care for frame in frames for seen in frame.seen)
    return {"frames": len(frames), "people": people, "bytes": len(video) + len(truth)}


def _truth(frames: list[ClipFrame]) -> dict[str, Any]:
    entries = [_frame_entry(frame, index) for index, frame in enumerate(frames)]
    size = {"width": WIDTH, "height": HEIGHT}
    return {"format": FORMAT, "fps": RATE_HZ, **size, "frames": entries}


def _frame_entry(frame: ClipFrame, index: int) -> dict[str, Any]:
    people = [
        {
            "track": seen.track,
            "xyxy": [round(side, 1) for side in seen.xyxy],
            "visible": round(seen.visible, 3),
            "distance_m": round(seen.distance_m, 2),
            "dont_care": seen.dont_care,
        }
        for seen in frame.seen
    ]
    return {"frame": index, "condition": frame.condition, "people": people}
