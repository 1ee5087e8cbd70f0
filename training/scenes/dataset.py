"""A data set of rendered pictures in COCO's JSON, as `training.data.coco` reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from belisha.bundle import write_whole
from belisha.errors import UsageError
from belisha.frames import Image
from training.scenes.light import GLASSES, LIGHTS, WEATHERS, Conditions
from training.scenes.renderer import Renderer
from training.scenes.scene import Scene
from training.scenes.sensor import Sensor, draw_sensor, expose
from training.scenes.traffic import draw_scene
from training.scenes.truth import Box, Sighting, sightings
from training.spoil import spoil

CONDITIONS = (*LIGHTS, *(weather for weather in WEATHERS if weather != "clear"), *GLASSES[1:])
"""Words that `--conditions` takes."""
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class Order:
    """What to render.

    Attributes:
        pictures: how many.
        conditions: words of `CONDITIONS`, in turn; what a word leaves open is left to chance.
        seed: of everything.
        width, height: in pixels.
        per_scene: pictures of one street, two seconds apart; they make a sequence.
        spoil: strength of the project's camera degradation on top, 0 for none.
        crowd: how many people, against the usual dozen.
    """

    pictures: int
    conditions: tuple[str, ...]
    seed: int = 0
    width: int = 640
    height: int = 480
    per_scene: int = 2
    spoil: float = 0.5
    crowd: float = 1.0


@dataclass(frozen=True, eq=False)
class Rendered:
    """One picture with its truth.

    Attributes:
        image_bgr: (H, W, 3) uint8.
        seen: everybody in it.
        scene: what it shows.
        sequence, seconds: which scene, and when.
    """

    image_bgr: Image
    seen: tuple[Sighting, ...]
    scene: Scene
    sequence: str
    seconds: float


def conditions_of(word: str, generator: np.random.Generator) -> Conditions:
    """Conditions that a word asks for; what it does not say is left to chance.

    Raises:
        UsageError: no such word.
    """
    if word not in CONDITIONS:
        raise UsageError(f"no condition {word!r}: expected some of {', '.join(CONDITIONS)}")
    light = word if word in LIGHTS else str(generator.choice(LIGHTS, p=(0.4, 0.2, 0.2, 0.2)))
    weather = str(generator.choice(WEATHERS, p=(0.62, 0.22, 0.12, 0.04)))
    if word in WEATHERS:
        weather = word
    elif word == "low_sun" or (word in LIGHTS and weather == "fog"):
        weather = "clear"
    if weather != "clear" and light == "low_sun":
        light = "day"
    glass = str(generator.choice(GLASSES, p=(0.7, 0.0, 0.14, 0.16)))
    if weather == "rain":
        glass = "drops" if generator.random() < 0.8 else "clean"
    if word in GLASSES:
        glass = word
    strength, dusk = float(generator.uniform(0.25, 0.9)), float(generator.uniform(0.1, 0.75))
    return Conditions(light, weather, glass, strength, dusk)


def rendered(order: Order) -> Iterator[Rendered]:
    """The pictures of an order, one after the other.

    Raises:
        UsageError: an unknown condition.
        MissingLibraryError: there is no OpenGL here.
    """
    with Renderer(order.width, order.height) as renderer:
        for index in range(order.pictures):
            number, step = divmod(index, order.per_scene)
            if step == 0:
                generator = np.random.default_rng([order.seed, number])
                word = order.conditions[number % len(order.conditions)]
                conditions = conditions_of(word, generator)
                seed = int(generator.integers(1 << 31))
                scene = draw_scene(seed, conditions, order.width, order.height, order.crowd)
                sensor = draw_sensor(generator)
            chance = np.random.default_rng([order.seed, number, step])
            yield _picture(
                renderer, scene, sensor, order, f"s{order.seed}-{number:05d}", 2.0 * step, chance
            )


def _picture(
    renderer: Renderer,
    scene: Scene,
    sensor: Sensor,
    order: Order,
    sequence: str,
    seconds: float,
    generator: np.random.Generator,
) -> Rendered:
    shot = renderer.shoot(scene, seconds)
    seen = sightings(renderer, scene, shot)
    image = expose(shot.image_bgr, sensor, scene.light, scene.ride.speed_at(seconds), generator)
    return Rendered(spoil(image, generator, order.spoil), seen, scene, sequence, seconds)


def write_dataset(pictures: Iterable[Rendered], count: int, folder: Path) -> dict[str, int]:
    """Write pictures into a folder: `images/` and, when all are there, `annotations.json`.

    Args:
        pictures: such as `rendered` or `training.scenes.scenario.filmed` give.
        count: how many will come, for the progress bar.
        folder: where to; made if absent.

    Returns:
        How many pictures, people and don't-care regions.

    Raises:
        UsageError: the folder holds a data set or cannot be written; and what `pictures` raises.
    """
    if (folder / "annotations.json").exists():
        raise UsageError(f"{folder} holds a data set already: name another folder, or remove it")
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index, picture in enumerate(tqdm(pictures, total=count, unit="picture", disable=None)):
        name = f"{picture.sequence}-{round(picture.seconds * 10):04d}.jpg"
        _write(folder / "images" / name, _jpeg(picture.image_bgr))
        images.append(_image_entry(index, name, picture))
        for sighting in picture.seen:
            entry = annotation(sighting)
            annotations.append({"id": len(annotations), "image_id": index, **entry})
    document = {
        "info": {"description": "rendered streets"},
        "categories": [{"id": 1, "name": "person"}],
        "images": images,
        "annotations": annotations,
    }
    _write(folder / "annotations.json", json.dumps(document).encode())
    left_out = sum(entry["ignore"] for entry in annotations)
    return {"pictures": len(images), "people": len(annotations) - left_out, "dont_care": left_out}


def annotation(sighting: Sighting) -> dict[str, Any]:
    """COCO's entry for one sighting, without its ids; boxes are x, y, width, height."""
    visible = sighting.visible_xyxy
    bbox = _xywh(sighting.xyxy)
    return {
        "category_id": 1,
        "bbox": bbox,
        "area": round(bbox[2] * bbox[3], 2),
        "iscrowd": 0,
        "ignore": int(sighting.dont_care),
        "reason": sighting.reason,
        "visible_bbox": _xywh(visible) if visible else None,
        "visible_ratio": round(sighting.visible, 4),
        "distance_m": round(sighting.distance_m, 3),
        "truncated": sighting.truncated,
        "track": sighting.track,
    }


def _xywh(box: Box) -> list[float]:
    left, top, right, bottom = box
    return [round(side, 2) for side in (left, top, right - left, bottom - top)]


def _image_entry(index: int, name: str, picture: Rendered) -> dict[str, Any]:
    scene = picture.scene
    return {
        "id": index,
        "file_name": name,
        "width": scene.camera.width,
        "height": scene.camera.height,
        "sequence": picture.sequence,
        "seconds": picture.seconds,
        "light": scene.conditions.light,
        "weather": scene.conditions.weather,
        "glass": scene.conditions.glass,
        "glass_strength": scene.conditions.glass_strength,
        "focal_px": round(scene.camera.focal_px, 2),
        "height_m": round(scene.camera.height_m, 3),
        "pitch": round(scene.camera.pitch, 4),
        "roll": round(scene.camera.roll, 4),
        "speed_mps": round(scene.ride.speed_at(picture.seconds), 2),
        "seed": scene.seed,
    }


def _jpeg(image: Image) -> bytes:
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not good:
        raise RuntimeError("OpenCV could not encode a picture as JPEG")
    return data.tobytes()


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def chosen_conditions(words: Sequence[str]) -> tuple[str, ...]:
    """The words asked for, `all` standing for every hour and weather; each once, checked.

    Raises:
        UsageError: an unknown word.
    """
    chosen = [word for text in words for word in text.split(",") if word]
    if "all" in chosen:
        return CONDITIONS
    for word in chosen:
        if word not in CONDITIONS:
            raise UsageError(
                f"no condition {word!r}: expected some of {', '.join(CONDITIONS)}, all"
            )
    if not chosen:
        raise UsageError(f"expected at least one condition of {', '.join(CONDITIONS)}, all")
    return tuple(dict.fromkeys(chosen))
