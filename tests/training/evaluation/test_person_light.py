"""How a person stands out: in grey levels that can be counted on paper."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import as_xyxy
from training.evaluation.person_light import light_of_people

BOX = (40, 30, 60, 70)


def picture(inside: tuple[int, int, int], around: tuple[int, int, int]) -> np.ndarray:
    image = np.full((100, 100, 3), around, np.uint8)
    image[30:70, 40:60] = inside
    return image


@pytest.mark.parametrize(
    ("inside", "around", "brightness", "contrast"),
    [
        ((80, 80, 80), (80, 80, 80), 80, 0),
        ((20, 20, 20), (100, 100, 100), 20, 80),
        ((200, 200, 200), (100, 100, 100), 200, 100),
        ((100, 100, 160), (100, 100, 100), 120, 60),  # red before grey
    ],
)
def test_plain_people_before_plain_ground(
    inside: tuple[int, int, int],
    around: tuple[int, int, int],
    brightness: float,
    contrast: float,
) -> None:
    found = light_of_people(picture(inside, around), as_xyxy([BOX]))
    assert [float(one[0]) for one in found] == pytest.approx([brightness, contrast], abs=0.5)


def test_a_pattern_stands_out_from_its_own_mean() -> None:
    image = picture((100, 100, 100), (100, 100, 100))
    image[30:70:2, 40:60] = 0
    image[31:70:2, 40:60] = 200
    assert float(light_of_people(image, as_xyxy([BOX]))[1][0]) > 80


def test_what_lies_far_away_does_not_count() -> None:
    image = picture((80, 80, 80), (80, 80, 80))
    image[:15] = 255  # more than a quarter of the height above
    assert float(light_of_people(image, as_xyxy([BOX]))[1][0]) == pytest.approx(0)


def test_at_the_border_it_is_measured_where_there_is_ground() -> None:
    image = picture((80, 80, 80), (80, 80, 80))
    image[:40, :20] = 20
    found = light_of_people(image, as_xyxy([(-5, -5, 20, 40)]))
    assert float(found[0][0]) == pytest.approx(20)
    assert float(found[1][0]) == pytest.approx(60)


@pytest.mark.parametrize("box", [(0, 0, 100, 100), (-50, -50, -10, -10), (200, 200, 220, 240)])
def test_without_person_or_ground_it_is_not_known(box: tuple[float, ...]) -> None:
    found = light_of_people(picture((1, 2, 3), (4, 5, 6)), as_xyxy([box]))
    assert np.isnan(np.concatenate(found)).all()


def test_nobody_is_no_light() -> None:
    assert [len(one) for one in light_of_people(picture((1, 2, 3), (4, 5, 6)), as_xyxy([]))] == [
        0,
        0,
    ]
