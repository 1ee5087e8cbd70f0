"""Boxes on pictures: visible, on a copy, whatever the size."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.drawing import AMBER_BGR, draw_boxes

GREY = np.full((240, 320, 3), 90, np.uint8)


def boxes_of(*xyxy: tuple[float, float, float, float]) -> Boxes:
    return Boxes(as_xyxy(xyxy), np.linspace(0.9, 0.5, len(xyxy)).astype(np.float32))


def amber(picture: np.ndarray) -> np.ndarray:
    """(H, W) where the beacon's colour is."""
    return (picture == AMBER_BGR).all(axis=2)


def test_a_box_is_drawn_along_its_sides_and_not_inside() -> None:
    lit = amber(draw_boxes(GREY, boxes_of((100, 80, 160, 200))))
    for y, x in ((80, 130), (200, 130), (140, 100), (140, 160)):
        assert lit[y, x]
    assert not lit[90:190, 110:150].any()
    assert not lit[210:].any()


def test_the_score_stands_on_amber_above_the_box() -> None:
    drawn = draw_boxes(GREY, boxes_of((100, 80, 160, 200)))
    above = drawn[60:78, 100:160]
    assert amber(above).sum() > 50
    assert (above < 40).all(axis=2).any()  # dark letters


def test_at_the_upper_edge_the_score_stands_below_it() -> None:
    drawn = draw_boxes(GREY, boxes_of((100, 0, 160, 200)))
    assert amber(drawn[2:12, 104:150]).sum() > 50


def test_the_frame_itself_is_left_alone() -> None:
    frame = GREY.copy()
    drawn = draw_boxes(frame, boxes_of((10, 10, 50, 90)))
    assert (frame == GREY).all()
    assert drawn.shape == frame.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, frame)


def test_no_boxes_give_an_equal_copy() -> None:
    drawn = draw_boxes(GREY, Boxes.empty())
    assert (drawn == GREY).all()
    assert not np.shares_memory(drawn, GREY)


@pytest.mark.parametrize(
    "xyxy",
    [
        (0, 0, 320, 240),
        (-50, -50, 400, 300),
        (300, 200, 320, 240),
        (5, 5, 5, 5),
        (-90, -90, -80, -80),
        (5000, 5000, 6000, 6000),
        (0.4, 0.6, 319.5, 239.5),
    ],
    ids=["whole frame", "beyond it", "corner", "a point", "outside", "far outside", "fractions"],
)
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (7, 9), (240, 320), (2160, 3840)])
def test_any_box_can_be_drawn_on_any_frame(
    size: tuple[int, int], xyxy: tuple[float, float, float, float]
) -> None:
    frame = np.zeros((*size, 3), np.uint8)
    assert draw_boxes(frame, boxes_of(xyxy)).shape == frame.shape


def test_lines_grow_with_the_frame() -> None:
    def width(scale: int) -> int:
        frame = np.zeros((240 * scale, 320 * scale, 3), np.uint8)
        box = boxes_of((100 * scale, 80 * scale, 160 * scale, 200 * scale))
        return int(amber(draw_boxes(frame, box))[140 * scale].sum())

    assert width(1) < width(4) < width(9)
