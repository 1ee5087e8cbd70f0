"""The loss: low for the truth, blind where we do not care, equal however the batch is divided."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from belisha.frames import Preprocessing
from training.assign import Cells
from training.loss import Truth, decode_boxes, detection_loss, generalised_iou
from training.model import LAYOUT

CELLS = Cells.of(LAYOUT, Preprocessing(width=100, height=65))
COUNT = len(CELLS.strides)
PERSON = (30.0, 6.0, 54.0, 62.0)


def truth(people: list[tuple[float, ...]], dont_care: list[tuple[float, ...]]) -> Truth:
    """Of a batch of one image."""
    return Truth(
        torch.tensor(people).reshape(-1, 4),
        torch.zeros(len(people), dtype=torch.int64),
        torch.tensor(dont_care).reshape(1, -1, 4),
    )


def perfect(person: tuple[float, ...]) -> Tensor:
    """(1, N, 4) raw distances of cells that all predict the person exactly, where they can."""
    box = torch.tensor(person)
    distances = torch.cat([CELLS.centres - box[:2], box[2:] - CELLS.centres], 1)
    strides = (distances / CELLS.strides[:, None]).clamp(min=1e-3)
    return torch.log(torch.expm1(strides))[None]


def silent() -> Tensor:
    """(1, N, 1) logits of a network that is sure that nobody is there."""
    return torch.full((1, COUNT, 1), -12.0)


def test_distances_are_softplus_in_strides() -> None:
    box = decode_boxes(torch.zeros(1, COUNT, 4), CELLS)[0, 0]
    stride = LAYOUT.strides[0]
    near, far = stride / 2 - math.log(2) * stride, stride / 2 + math.log(2) * stride
    assert box.tolist() == pytest.approx([near, near, far, far])


def test_silence_about_an_empty_street_costs_nothing() -> None:
    sums = detection_loss(silent(), torch.zeros(1, COUNT, 4), truth([], []), CELLS)
    assert sums.total().item() == pytest.approx(0, abs=1e-6)
    assert sums.quality.item() == 0


def test_silence_about_a_person_costs() -> None:
    sums = detection_loss(silent(), perfect(PERSON), truth([PERSON], []), CELLS)
    assert sums.score.item() > 1


def test_a_perfect_box_costs_nothing() -> None:
    loud = torch.zeros(1, COUNT, 1)
    sums = detection_loss(loud, perfect(PERSON), truth([PERSON], []), CELLS)
    assert sums.quality.item() > 1
    assert sums.box.item() / sums.quality.item() < 0.01


def test_an_alarm_in_a_region_of_dont_care_has_no_gradient() -> None:
    region = (32.0, 16.0, 64.0, 48.0)
    logits = torch.zeros(1, COUNT, 1, requires_grad=True)
    sums = detection_loss(logits, torch.zeros(1, COUNT, 4), truth([], [region]), CELLS)
    torch.autograd.backward(sums.total())
    gradient = logits.grad[0, :, 0] != 0
    box = torch.tensor(region)
    inside = ((CELLS.centres > box[:2]) & (CELLS.centres < box[2:])).all(1)
    away = (CELLS.centres - torch.tensor([48.0, 32.0])).abs()
    far = (away > 16 + CELLS.strides[:, None]).any(1)
    assert not gradient[inside].any()
    assert gradient[far].all()


def test_a_region_smaller_than_a_cell_excuses_the_cell_that_it_lies_in() -> None:
    logits = torch.zeros(1, COUNT, 1, requires_grad=True)
    speck = (14.0, 14.0, 16.0, 16.0)
    torch.autograd.backward(
        detection_loss(logits, torch.zeros(1, COUNT, 4), truth([], [speck]), CELLS).total()
    )
    columns = CELLS.levels[0][1]
    assert logits.grad[0, columns + 1, 0] == 0


def test_a_person_inside_a_region_of_dont_care_still_counts() -> None:
    everywhere = (0.0, 0.0, 100.0, 64.0)
    sums = detection_loss(silent(), perfect(PERSON), truth([PERSON], [everywhere]), CELLS)
    assert sums.score.item() > 1


def test_rows_that_fill_up_excuse_nothing() -> None:
    logits, raw = torch.zeros(1, COUNT, 1), torch.zeros(1, COUNT, 4)
    plain = detection_loss(logits, raw, truth([], []), CELLS).total()
    filled = detection_loss(logits, raw, truth([], [(0.0, 0.0, 0.0, 0.0)]), CELLS).total()
    assert plain.item() == filled.item() > 0


def test_a_batch_costs_the_sum_of_its_images() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, COUNT, 1, generator=generator)
    raw = torch.randn(2, COUNT, 4, generator=generator)
    other = (8.0, 8.0, 24.0, 48.0)
    both = Truth(torch.tensor([PERSON, other]), torch.tensor([0, 1]), torch.zeros(2, 0, 4))
    whole = detection_loss(logits, raw, both, CELLS)
    parts = [
        detection_loss(logits[i : i + 1], raw[i : i + 1], truth([box], []), CELLS)
        for i, box in enumerate((PERSON, other))
    ]
    assert whole.score.item() == pytest.approx(sum(part.score.item() for part in parts), rel=1e-5)
    assert whole.box.item() == pytest.approx(sum(part.box.item() for part in parts), rel=1e-5)


@pytest.mark.parametrize(
    ("second", "expected"),
    [((0, 0, 2, 2), 1.0), ((1, 0, 3, 2), 2 / 6), ((4, 0, 6, 2), -4 / 12)],
)
def test_generalised_iou_also_tells_how_far_boxes_are_apart(
    second: tuple[float, ...], expected: float
) -> None:
    boxes = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([second], dtype=torch.float32)
    assert generalised_iou(*boxes).item() == pytest.approx(expected)
