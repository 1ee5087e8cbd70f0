"""Distances: right on a flat road, honest about their error, silent where nothing can be said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from belisha.boxes import as_xyxy
from belisha.service.distance import PERSON_M, distances
from belisha.service.mounting import Mounting

WIDTH, HEIGHT = 640, 480
CAR = Mounting(height_m=1.35, fov_deg=56.0, horizon=0.45)


def box(metres: float, person_m: float = PERSON_M, up_m: float = 0.0) -> tuple[float, ...]:
    """Where a person of some height stands on a flat road, lifted a little."""
    scale = CAR.focal_px(WIDTH) / metres
    foot = CAR.horizon * HEIGHT + (CAR.height_m - up_m) * scale
    return 300.0, foot - person_m * scale, 340.0, foot


@pytest.mark.parametrize("metres", [4.5, 8, 15, 30, 60])
def test_a_grown_up_on_a_flat_road(metres: float) -> None:
    band = distances(as_xyxy([box(metres)]), CAR, WIDTH, HEIGHT)
    assert band.metres[0] == pytest.approx(metres, rel=0.01)
    assert 0.5 * metres < band.low_m[0] < metres < band.high_m[0] < 2 * metres


def test_bands_get_wider_with_distance() -> None:
    band = distances(as_xyxy([box(metres) for metres in (5, 10, 20, 40, 80)]), CAR, WIDTH, HEIGHT)
    width = (band.high_m - band.low_m) / band.metres
    assert (np.diff(width) > 0).all()


@pytest.mark.parametrize(("person_m", "metres"), [(1.1, 6), (1.25, 9), (1.95, 15), (1.5, 25)])
def test_the_ground_saves_children_and_giants(person_m: float, metres: float) -> None:
    band = distances(as_xyxy([box(metres, person_m)]), CAR, WIDTH, HEIGHT)
    assert band.low_m[0] < metres < band.high_m[0]


@pytest.mark.parametrize(("up_m", "metres"), [(0.15, 8), (0.15, 20), (-0.2, 12), (0.9, 10)])
def test_the_size_saves_those_who_stand_on_kerbs_and_steps(up_m: float, metres: float) -> None:
    band = distances(as_xyxy([box(metres, up_m=up_m)]), CAR, WIDTH, HEIGHT)
    assert band.low_m[0] < metres < band.high_m[0]


def test_feet_below_the_picture_mean_at_most_so_far() -> None:
    left, top, right, foot = box(1.8)
    assert foot > HEIGHT
    band = distances(as_xyxy([(left, top, right, HEIGHT)]), CAR, WIDTH, HEIGHT)
    assert band.low_m[0] <= 0.5
    assert 1.8 < band.high_m[0] < 4
    assert band.words(0).startswith("under ")


def test_a_crop_hides_feet_as_the_picture_does() -> None:
    cropped = Mounting(height_m=1.35, fov_deg=56.0, horizon=0.45, crop=(0.0, 0.8))
    cut = as_xyxy([(300, 100, 340, 0.8 * HEIGHT)])
    assert distances(cut, cropped, WIDTH, HEIGHT).low_m[0] <= 0.5
    assert distances(cut, CAR, WIDTH, HEIGHT).low_m[0] > 2


def test_a_head_above_the_picture_leaves_the_ground() -> None:
    low = Mounting(height_m=1.35, fov_deg=56.0, horizon=0.1)
    foot = 0.1 * HEIGHT + 1.35 * low.focal_px(WIDTH) / 3
    band = distances(as_xyxy([(300, 0, 400, foot)]), low, WIDTH, HEIGHT)
    assert band.metres[0] == pytest.approx(3, rel=0.01)


def test_a_box_in_the_sky_may_be_any_distance_away() -> None:
    band = distances(as_xyxy([(300, 40, 304, 48)]), CAR, WIDTH, HEIGHT)
    assert math.isinf(band.high_m[0])


def test_nobody_has_no_distance() -> None:
    assert distances(as_xyxy([]), CAR, WIDTH, HEIGHT).metres.shape == (0,)


def test_people_read_bands_in_words() -> None:
    band = distances(as_xyxy([box(9), box(30), (300, 40, 304, 48)]), CAR, WIDTH, HEIGHT)
    assert band.words(0) == "7.5 to 11 m"
    assert " to " in band.words(1)
    assert band.words(2).startswith("over ")


def test_the_band_holds_nine_in_ten_where_errors_are_as_assumed() -> None:
    chance = np.random.default_rng(0)
    metres = chance.uniform(5, 40, 3000)
    rows = []
    for one in metres:
        left, top, right, foot = box(one, PERSON_M * (1 + chance.normal(0, 0.13)))
        tall = foot - top
        nod = chance.normal(0, 0.008) * CAR.focal_px(WIDTH)
        noise = chance.normal(0, 0.035 * tall + 1.2, 2)
        rows.append((left, top + nod + noise[0], right, foot + nod + noise[1]))
    band = distances(as_xyxy(rows), CAR, WIDTH, HEIGHT)
    held = ((band.low_m <= metres) & (metres <= band.high_m)).mean()
    assert 0.88 < held < 0.97
