"""Truth is exact: boxes follow the pinhole, visible parts follow the pixels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.scenes.stage import somebody, staged, wall
from training.scenes.light import Conditions
from training.scenes.people import draw_cyclist
from training.scenes.renderer import OWNER_SCALE, Renderer
from training.scenes.scene import Scene
from training.scenes.traffic import draw_scene
from training.scenes.truth import Sighting, sightings, visible_box


def seen_in(renderer: Renderer, scene: Scene) -> tuple[Sighting, ...]:
    return sightings(renderer, scene, renderer.shoot(scene, 0.0))


@pytest.mark.parametrize("distance", [6.0, 10.0, 20.0])
def test_a_box_is_as_high_as_the_pinhole_says(renderer: Renderer, distance: float) -> None:
    person = somebody(0.0, distance)
    (sighting,) = seen_in(renderer, staged((person,)))
    scene = staged((person,))
    figure = scene.moving(0.0).figures[0].positions
    # Feet on the road, 1.4 m under a level camera; a body is some 0.3 m deep.
    assert figure[:, 2].min() == pytest.approx(0.0, abs=1e-5)
    tall = float(figure[:, 2].max())
    height = sighting.xyxy[3] - sighting.xyxy[1]
    assert height == pytest.approx(200 * tall / distance, rel=0.4 / distance)
    assert sighting.distance_m == pytest.approx(distance, abs=0.25)
    assert sighting.xyxy[3] == pytest.approx(72 + 200 * 1.4 / distance, rel=0.03)


def test_the_box_of_a_person_in_the_open_encloses_their_pixels_tightly(renderer: Renderer) -> None:
    scene = staged((somebody(-0.6, 7.0),))
    (sighting,) = seen_in(renderer, scene)
    assert sighting.visible_xyxy is not None
    assert np.allclose(sighting.xyxy, sighting.visible_xyxy, atol=1.0)
    assert sighting.visible == pytest.approx(1.0, abs=0.04)
    assert not sighting.dont_care
    assert not sighting.truncated


def test_half_behind_a_wall_is_half_visible_and_the_box_stays_whole(renderer: Renderer) -> None:
    person = somebody(0.0, 8.0)
    (free,) = seen_in(renderer, staged((person,)))
    middle = float(staged((person,)).moving(0.0).figures[0].positions[:, 0].mean())
    # The line of sight to the person's middle crosses a wall at half the distance.
    (hidden,) = seen_in(renderer, staged((person,), wall(middle / 2, 5.0, 4.0)))
    assert hidden.xyxy == free.xyxy
    assert hidden.visible == pytest.approx(0.5, abs=0.12)
    assert hidden.visible_xyxy is not None
    assert hidden.visible_xyxy[2] < free.xyxy[2] - 2
    assert not hidden.dont_care


def test_who_is_hidden_is_not_asked_for(renderer: Renderer) -> None:
    (sighting,) = seen_in(renderer, staged((somebody(0.0, 8.0),), wall(-5, 5, 4.0)))
    assert sighting.visible == 0
    assert sighting.visible_xyxy is None
    assert sighting.reason == "hidden"


def test_the_border_cuts_and_says_so(renderer: Renderer) -> None:
    # 96 px to the left border at 6 m are 2.88 m.
    (sighting,) = seen_in(renderer, staged((somebody(-2.88, 6.0),)))
    assert sighting.truncated
    assert sighting.xyxy[0] == 0.0
    assert 0.2 < sighting.visible < 0.8


def test_who_is_beside_or_behind_the_camera_is_not_seen(renderer: Renderer) -> None:
    assert seen_in(renderer, staged((somebody(0.0, -3.0, 1), somebody(9.0, 4.0, 2)))) == ()


def test_far_people_are_too_small_to_ask_for(renderer: Renderer) -> None:
    (sighting,) = seen_in(renderer, staged((somebody(0.0, 60.0),)))
    assert sighting.reason == "small"
    assert sighting.xyxy[3] - sighting.xyxy[1] < 10


def test_cyclists_are_not_asked_for(renderer: Renderer) -> None:
    cyclist = draw_cyclist(np.random.default_rng(0), 1, (0.5, 8.0), 0.0, 4.0)
    (sighting,) = seen_in(renderer, staged((cyclist,)))
    assert sighting.reason == "rider"
    assert sighting.visible > 0.8


def test_boxes_of_a_whole_street_agree_with_the_picture_of_owners(renderer: Renderer) -> None:
    scene = draw_scene(5, Conditions("day", "overcast"), 192, 144, crowd=1.5)
    shot = renderer.shoot(scene, 0.5)
    seen = sightings(renderer, scene, shot)
    assert {int(track) for track in np.unique(shot.owners)} - {0} <= {one.track for one in seen}
    for sighting in seen:
        box, area = visible_box(shot.owners, sighting.track)
        assert box == sighting.visible_xyxy
        if box is None:
            continue
        assert area <= (box[2] - box[0]) * (box[3] - box[1])
        rim = 1 / OWNER_SCALE + 1e-3
        assert box[0] >= sighting.xyxy[0] - rim
        assert box[1] >= sighting.xyxy[1] - rim
        assert box[2] <= sighting.xyxy[2] + rim
        assert box[3] <= sighting.xyxy[3] + rim
