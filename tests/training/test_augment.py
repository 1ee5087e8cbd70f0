"""Made frames: boxes stay on their people, and equal seeds give equal pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from belisha.boxes import as_xyxy
from belisha.frames import Preprocessing
from training.augment import Example, Picture, Recipe, make_example

SIZE = Preprocessing(width=160, height=128)
CLEAN = Recipe(natural_width=160, natural_height=128, p_spoil=0, p_mosaic=0, least_visible=0.0)
LIGHT = 200


def picture(*people: tuple[int, int, int, int], dont_care: tuple[bool, ...] = ()) -> Picture:
    """Light figures on dark ground, 320x240."""
    image = np.full((240, 320, 3), 40, np.uint8)
    for left, top, right, bottom in people:
        image[top:bottom, left:right] = 255
    ignored = np.array(dont_care or [False] * len(people), bool)
    return Picture(image, as_xyxy(people), ignored)


def example(shown: Picture, recipe: Recipe, seed: int) -> Example:
    return make_example(lambda _: shown, np.random.default_rng(seed), SIZE, recipe)


def bounds_of_light(frame: np.ndarray) -> np.ndarray:
    """The box around all light pixels."""
    rows, columns = np.nonzero(frame.min(axis=2) > LIGHT)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("seed", range(30))
def test_the_box_stays_on_the_person(seed: int) -> None:
    made = example(picture((120, 60, 160, 150)), CLEAN, seed)
    everyone = np.concatenate([made.people, made.dont_care])
    if len(everyone):
        assert np.abs(everyone[0] - bounds_of_light(made.frame)).max() <= 1.5


@pytest.mark.parametrize("seed", range(10))
def test_in_a_mosaic_each_part_has_its_boxes(seed: int) -> None:
    made = example(
        picture((120, 60, 160, 150)), replace(CLEAN, p_mosaic=1, p_person=1, p_natural=1), seed
    )
    covered = np.zeros(made.frame.shape[:2], bool)
    for left, top, right, bottom in (
        np.concatenate([made.people, made.dont_care]).round().astype(int)
    ):
        covered[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = True
    assert not (made.frame.min(axis=2) > LIGHT)[~covered].any()
    assert len(made.people) >= 2


def test_the_frame_is_the_networks_input() -> None:
    made = example(picture((120, 60, 160, 150)), Recipe(), 0)
    assert made.frame.shape == (128, 160, 3)
    assert made.frame.dtype == np.uint8


def test_equal_seeds_give_equal_examples_and_others_do_not() -> None:
    shown = picture((120, 60, 160, 150))
    first, again, other = (example(shown, Recipe(p_spoil=2), seed) for seed in (5, 5, 6))
    assert np.array_equal(first.frame, again.frame)
    assert np.array_equal(first.people, again.people)
    assert not np.array_equal(first.frame, other.frame)


def test_small_and_large_heights_are_shown_alike() -> None:
    recipe = replace(CLEAN, p_natural=0.0, p_person=1.0)
    shown = picture((150, 100, 170, 140))
    people = np.concatenate([example(shown, recipe, seed).people for seed in range(200)])
    heights = people[:, 3] - people[:, 1]
    assert (heights < 25).mean() > 0.1
    assert (heights > 75).mean() > 0.1


def test_people_too_small_to_learn_from_are_not_asked_for() -> None:
    made = example(picture((150, 100, 170, 140)), replace(CLEAN, least_height=1000), 1)
    assert len(made.people) == 0
    assert len(made.dont_care) == 1


def test_a_person_of_whom_little_is_left_is_not_asked_for() -> None:
    """The people at the border are cut by the crop around the one in the middle."""
    shown = picture((0, 60, 60, 180), (140, 60, 180, 180), (260, 60, 320, 180))
    strict = replace(CLEAN, least_visible=1.0, p_person=1.0)
    for seed in range(20):
        made = example(shown, strict, seed)
        inside = (made.people[:, :2] >= 0).all() and (made.people[:, 2:] <= (160, 128)).all()
        assert inside
        assert ((made.people[:, 2:] - made.people[:, :2]) > 0).all()


def test_regions_of_dont_care_stay_what_they_are() -> None:
    shown = picture((100, 60, 220, 180), dont_care=(True,))
    made = [example(shown, CLEAN, seed) for seed in range(10)]
    assert all(len(one.people) == 0 for one in made)
    assert any(len(one.dont_care) for one in made)


def test_a_picture_without_people_is_background() -> None:
    made = example(picture(), Recipe(), 3)
    assert len(made.people) == len(made.dont_care) == 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3)])
def test_a_picture_of_an_odd_shape_breaks_nothing(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 90, np.uint8)
    sliver = Picture(image, as_xyxy([]), np.zeros(0, bool))
    for seed in range(5):
        assert example(sliver, Recipe(), seed).frame.shape == (128, 160, 3)
