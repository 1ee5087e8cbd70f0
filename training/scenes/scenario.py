"""Scenarios: one street, filmed while something goes slowly wrong, with the truth of each frame.

They are what drift monitoring is tested on: the street is as it was, and the pictures are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from belisha.errors import UsageError
from training.scenes.dataset import Rendered
from training.scenes.light import Conditions, light_of
from training.scenes.renderer import Renderer
from training.scenes.scene import Scene
from training.scenes.sensor import Sensor, expose
from training.scenes.traffic import draw_scene
from training.scenes.truth import sightings

STREET_FRAMES = 10
"""Frames that are taken in one street before the next begins."""
_STEP_S = 0.5


@dataclass(frozen=True)
class Script:
    """What happens in a scenario.

    Attributes:
        summary: half a line for people.
        start: the conditions before anything happens.
        change: a scene and how far the trouble has come, 0 to 1 -> the scene in that trouble.
    """

    summary: str
    start: Conditions
    change: Callable[[Scene, float], Scene]


def _dirtier(scene: Scene, share: float) -> Scene:
    glass = "dirt" if share > 0 else "clean"
    conditions = replace(scene.conditions, glass=glass, glass_strength=round(share, 2))
    return replace(scene, conditions=conditions)


def _darker(scene: Scene, share: float) -> Scene:
    """Day until a quarter of the way, then the sun goes and lamps come on."""
    if share < 0.25:
        return scene
    conditions = replace(scene.conditions, light="dusk", dusk=(share - 0.25) / 0.75)
    light = light_of(conditions, np.random.default_rng(scene.seed))
    return replace(scene, conditions=conditions, light=light)


def _knocked(scene: Scene, share: float) -> Scene:
    """From the middle on, the camera looks down, aside and tilted, all at once."""
    if share < 0.5:
        return scene
    held = scene.camera
    camera = replace(held, pitch=held.pitch - 0.09, yaw=held.yaw + 0.12, roll=held.roll + 0.10)
    return replace(scene, camera=camera)


SCRIPTS = {
    "dirty-lens": Script(
        "the lens gets dirty, little by little", Conditions("day", "overcast"), _dirtier
    ),
    "nightfall": Script("dusk falls", Conditions("day", "clear"), _darker),
    "knocked-camera": Script(
        "half way, the camera is knocked out of place", Conditions("day", "overcast"), _knocked
    ),
}


@dataclass(frozen=True)
class Filming:
    """What to film.

    Attributes:
        script: a name in `SCRIPTS`.
        frames: how many.
        seed: of streets and people.
        width, height: in pixels.
    """

    script: str
    frames: int
    seed: int = 0
    width: int = 640
    height: int = 480


def filmed(filming: Filming) -> Iterator[Rendered]:
    """The frames of a scenario, half a second apart, one camera through several streets.

    Raises:
        UsageError: no such script.
        MissingLibraryError: there is no OpenGL here.
    """
    if filming.script not in SCRIPTS:
        raise UsageError(f"no scenario {filming.script!r}: expected one of {', '.join(SCRIPTS)}")
    script = SCRIPTS[filming.script]
    camera = draw_scene(filming.seed, script.start, filming.width, filming.height).camera
    with Renderer(filming.width, filming.height) as renderer:
        for index in range(filming.frames):
            street, step = divmod(index, STREET_FRAMES)
            if step == 0:
                seed = filming.seed + street
                scene = draw_scene(seed, script.start, filming.width, filming.height)
                scene = replace(scene, camera=camera)
            share = index / max(filming.frames - 1, 1)
            yield _frame(renderer, script.change(scene, share), filming, index, step * _STEP_S)


def _frame(
    renderer: Renderer, scene: Scene, filming: Filming, index: int, seconds: float
) -> Rendered:
    shot = renderer.shoot(scene, seconds)
    generator = np.random.default_rng([filming.seed, index])
    speed = scene.ride.speed_at(seconds)
    image = expose(shot.image_bgr, Sensor(jpeg_quality=85), scene.light, speed, generator)
    seen = sightings(renderer, scene, shot)
    return Rendered(image, seen, scene, f"{filming.script}-s{filming.seed}", index * _STEP_S)
