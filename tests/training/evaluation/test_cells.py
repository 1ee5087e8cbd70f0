"""Parts of a data set: sizes that do not overlap, conditions that tell some images from others."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import as_xyxy
from tests.training.evaluation.truth import boxes, sample, standing
from training.evaluation.bootstrap import LEVEL, Resampling
from training.evaluation.by_cell import change_in_cell, level_of
from training.evaluation.cells import make_cells
from training.evaluation.ranking import rank

LIGHTS = [{"light": "day", "view": "in_car"}, {"light": "night", "view": "in_car"}, {}]


def test_sizes_then_conditions_that_not_all_images_share() -> None:
    names = [cell.name for cell in make_cells(LIGHTS[:2], ["light", "view"], [20, 50])]
    assert names == [
        "all",
        "under 20 px",
        "20 to 50 px",
        "50 px and more",
        "light=day",
        "light=night",
    ]


def test_an_image_of_which_nothing_is_known_is_in_no_condition() -> None:
    cells = {cell.name: cell.images.tolist() for cell in make_cells(LIGHTS, ["light"], [])}
    assert cells == {
        "all": [True, True, True],
        "light=day": [True, False, False],
        "light=night": [False, True, False],
    }


def test_a_box_belongs_to_one_size_and_to_its_image() -> None:
    _, small, large, day, _ = make_cells(LIGHTS, ["light"], [40])
    frames, xyxy = np.array([0, 1, 2]), as_xyxy([standing(39), standing(40), standing(90)])
    assert small.holds(frames, xyxy).tolist() == [True, False, False]
    assert large.holds(frames, xyxy).tolist() == [False, True, True]
    assert day.holds(frames, xyxy).tolist() == [True, False, False]


def test_a_ranking_can_end_at_a_height() -> None:
    """Those above are not asked for, and who finds them raises no false alarm."""
    samples = [sample([standing(30), standing(60, left=100)])]
    found = [boxes((standing(60, left=100), 0.9), (standing(30), 0.8))]
    ranking = rank(samples, found, max_height=60)
    assert (ranking.people.tolist(), ranking.hits.tolist()) == ([1], [True])
    assert rank(samples, found, max_height=60.01).people.tolist() == [2]


def test_the_change_in_a_cell_is_that_of_its_images_alone() -> None:
    people = [standing(60), standing(60, left=100)]
    samples = [sample(people) for _ in range(30)]
    conditions = [{"light": "day" if index < 15 else "night"} for index in range(30)]
    both = boxes((people[0], 0.9), (people[1], 0.8))
    one = boxes((people[0], 0.9))
    _, day, night = make_cells(conditions, ["light"], [])
    first, second = [both] * 30, [both] * 15 + [one] * 15
    changes = [
        change_in_cell(cell, first, [second], samples, Resampling(100), LEVEL)
        for cell in (day, night)
    ]
    assert [change.images for change in changes] == [15, 15]
    assert changes[0].changes[0]["ap50"].value == 0
    assert changes[1].changes[0]["ap50"].value == pytest.approx(-0.5, abs=0.01)
    assert changes[1].first["ap50"] == pytest.approx(1, abs=0.01)


def test_the_intervals_of_many_parts_are_wider() -> None:
    whole, *parts = make_cells(LIGHTS, ["light"], [])
    assert level_of(whole, 3) == LEVEL
    assert level_of(parts[0], 3) == pytest.approx(0.975)
