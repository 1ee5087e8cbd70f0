"""Pictures are equal for equal seeds, differ with hour and weather, and show what they should."""

from __future__ import annotations

import numpy as np
import pytest

from tests.interpreter import run_python
from tests.training.scenes.conftest import HEIGHT, WIDTH
from tests.training.scenes.stage import somebody, staged
from training.scenes.gl import shader
from training.scenes.light import Conditions
from training.scenes.renderer import Renderer
from training.scenes.traffic import draw_scene

HOURS = [
    Conditions("day", "clear"),
    Conditions("low_sun", "clear", "reflection"),
    Conditions("dusk", "overcast"),
    Conditions("night", "rain", "drops"),
    Conditions("day", "fog", "dirt"),
]


@pytest.mark.parametrize("conditions", HOURS, ids=lambda one: f"{one.light}-{one.weather}")
def test_equal_seeds_give_equal_pixels(renderer: Renderer, conditions: Conditions) -> None:
    first, second = (
        renderer.shoot(draw_scene(4, conditions, WIDTH, HEIGHT), 0.4) for _ in range(2)
    )
    assert np.array_equal(first.image_bgr, second.image_bgr)
    assert np.array_equal(first.owners, second.owners)
    assert first.image_bgr.shape == (HEIGHT, WIDTH, 3)
    # Neither black nor white, and not flat.
    assert 8 < first.image_bgr.mean() < 235
    assert first.image_bgr.std() > 8


def test_another_renderer_gives_the_same_pixels(renderer: Renderer) -> None:
    scene = draw_scene(9, HOURS[0], WIDTH, HEIGHT)
    with Renderer(WIDTH, HEIGHT) as other:
        there = other.shoot(scene, 0.0).image_bgr
    assert np.array_equal(renderer.shoot(scene, 0.0).image_bgr, there)


def test_night_is_dark_but_for_its_lamps(renderer: Renderer) -> None:
    day, night = (
        renderer.shoot(draw_scene(4, Conditions(light), WIDTH, HEIGHT), 0.0).image_bgr
        for light in ("day", "night")
    )
    assert night.mean() < 0.6 * day.mean()
    assert np.median(night) < 60 < 200 < night.max()


def test_a_person_differs_from_the_road_where_the_owners_say(renderer: Renderer) -> None:
    with_person = renderer.shoot(staged((somebody(0.0, 5.0),)), 0.0)
    without = renderer.shoot(staged(()), 0.0)
    mine = (with_person.owners == 1)[::2, ::2]
    assert mine.sum() > 500
    difference = abs(with_person.image_bgr.astype(int) - without.image_bgr).max(2)
    assert (difference[mine] > 12).mean() > 0.7


def test_a_camera_of_another_size_is_a_wrong_call(renderer: Renderer) -> None:
    with pytest.raises(RuntimeError, match="cannot show"):
        renderer.shoot(draw_scene(0, Conditions(), 64, 64), 0.0)


def test_shaders_include_one_another() -> None:
    text = shader("surface.frag")
    assert "vec3 sky_light(vec3 direction)" in text
    assert "#include" not in text


@pytest.mark.parametrize(
    ("absence", "advice"),
    [
        ("sys.modules['moderngl'] = None", "belisha[train]"),
        ("sys.modules['glcontext'] = None", "libegl1"),
    ],
)
def test_what_is_missing_is_named_with_what_installs_it(absence: str, advice: str) -> None:
    code = (
        f"import os, sys\n{absence}\n"
        "from training.scenes.gl import open_context\n"
        "try:\n    open_context()\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    said = run_python(code).stdout
    assert said.startswith("MissingLibraryError")
    assert advice in said


def test_an_empty_street_can_be_seen(renderer: Renderer) -> None:
    assert not renderer.shoot(staged(()), 0.0).owners.any()
