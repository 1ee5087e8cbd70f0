"""Who answers for whom: the cells that predict a person best, each for one person only."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from belisha.frames import Preprocessing
from training.assign import CELLS_PER_PERSON, Cells, assign, pairwise_iou
from training.model import LAYOUT

CELLS = Cells.of(LAYOUT, Preprocessing(width=130, height=95))
COUNT = len(CELLS.strides)


def predictions(images: int = 1) -> tuple[Tensor, Tensor]:
    """Scores of 0.1, and boxes of two strides around each cell."""
    half = CELLS.strides[:, None]
    boxes = torch.cat([CELLS.centres - half, CELLS.centres + half], 1)
    return torch.full((images, COUNT), 0.1), boxes.expand(images, COUNT, 4).clone()


def people(*rows: tuple[float, float, float, float]) -> tuple[Tensor, Tensor]:
    """Boxes of people, all of the first image."""
    return torch.tensor(rows).reshape(-1, 4), torch.zeros(len(rows), dtype=torch.int64)


@pytest.mark.parametrize(("width", "height"), [(130, 95), (320, 240), (640, 360)])
def test_cells_are_those_of_the_decoder(width: int, height: int) -> None:
    cells = Cells.of(LAYOUT, Preprocessing(width=width, height=height))
    for stride, columns, rows, first in cells.levels:
        last = first + columns * rows - 1
        assert cells.strides[first] == cells.strides[last] == stride
        assert cells.centres[last].tolist() == [(columns - 0.5) * stride, (rows - 0.5) * stride]
    assert last == len(cells.strides) - 1


def test_cells_that_answer_lie_at_the_person() -> None:
    scores, boxes = predictions()
    person, image_of = people((40, 20, 64, 80))
    assigned = assign(scores, boxes, person, image_of, CELLS)
    centres, margin = CELLS.centres[assigned.cell], CELLS.strides[assigned.cell, None] / 2
    assert 0 < len(assigned.cell) <= CELLS_PER_PERSON
    assert (centres > person[:, :2] - margin).all()
    assert (centres < person[:, 2:] + margin).all()


def test_the_best_prediction_is_asked_for_its_overlap() -> None:
    scores, boxes = predictions()
    person, image_of = people((40, 20, 64, 80))
    good = int(((CELLS.centres - torch.tensor([52.0, 52.0])).abs().sum(1)).argmin())
    boxes[0, good] = torch.tensor([40.0, 20, 64, 72])
    assigned = assign(scores, boxes, person, image_of, CELLS)
    best = int(assigned.quality.argmax())
    assert assigned.cell[best] == good
    assert assigned.quality[best] == pytest.approx(52 / 60)


def test_a_person_smaller_than_a_cell_still_has_one() -> None:
    scores, boxes = predictions()
    for left in (3.0, 7.9, 125.0):
        person, image_of = people((left, 41, left + 2, 45))
        assert len(assign(scores, boxes, person, image_of, CELLS).cell) > 0


def test_a_cell_answers_for_one_person_only() -> None:
    scores, boxes = predictions()
    crowd, image_of = people((40, 20, 64, 80), (42, 20, 66, 80), (44, 22, 60, 80))
    assigned = assign(scores, boxes, crowd, image_of, CELLS)
    assert len(assigned.cell.unique()) == len(assigned.cell)
    assert set(assigned.person.tolist()) <= {0, 1, 2}


def test_of_two_people_a_cell_takes_the_one_it_overlaps_more() -> None:
    scores, boxes = predictions()
    near = int(((CELLS.centres - torch.tensor([52.0, 52.0])).abs().sum(1)).argmin())
    boxes[0, near] = torch.tensor([42.0, 20, 66, 80])
    both, image_of = people((40, 20, 64, 80), (42, 20, 66, 80))
    assigned = assign(scores, boxes, both, image_of, CELLS)
    assert assigned.person[assigned.cell == near].tolist() == [1]


def test_twins_in_the_very_same_place_do_not_share_a_cell() -> None:
    scores, boxes = predictions()
    twins, image_of = people((40, 20, 64, 80), (40, 20, 64, 80))
    assigned = assign(scores, boxes, twins, image_of, CELLS)
    assert len(assigned.cell.unique()) == len(assigned.cell)


def test_people_are_found_in_their_own_image() -> None:
    scores, boxes = predictions(images=3)
    person, _ = people((40, 20, 64, 80))
    assigned = assign(scores, boxes, person, torch.tensor([2]), CELLS)
    assert set(assigned.image.tolist()) == {2}


def test_nobody_needs_no_cell() -> None:
    assigned = assign(*predictions(), *people(), CELLS)
    assert len(assigned.cell) == len(assigned.quality) == 0


def test_overlap_is_shared_area_over_joint_area() -> None:
    first, second = torch.tensor([[0.0, 0, 4, 4]]), torch.tensor([[2.0, 0, 6, 4]])
    assert pairwise_iou(first, second).item() == pytest.approx(8 / 24)
