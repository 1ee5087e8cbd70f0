"""An ensemble on enlarged parts: people whole in a part, once each, at their place."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.frames import Image
from training.teaching.tiles import TILE, Ensemble, fused, parts


def lights(image: Image) -> Boxes:
    """A detector of bright rectangles, as sure as they are bright; at most one a picture."""
    rows, columns = np.nonzero(image[..., 0] > 50)
    if not len(rows):
        return Boxes.empty()
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return Boxes(as_xyxy([box]), np.array([image[..., 0].max() / 255], np.float32))


def boxes(*rows: tuple[float, ...]) -> Boxes:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Boxes(table[:, :4], table[:, 4])


@pytest.mark.parametrize(("width", "height"), [(640, 480), (200, 200), (120, 500), (201, 64)])
def test_parts_cover_the_picture_and_stay_inside(width: int, height: int) -> None:
    covered = np.zeros((height, width), int)
    for left, top, right, bottom in parts(width, height):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert right - left <= TILE
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1


def test_a_person_is_found_once_where_it_is() -> None:
    image = np.zeros((300, 500, 3), np.uint8)
    image[150:190, 240:256] = 200
    found = Ensemble([lights])(image)
    assert len(found) == 1
    assert found.xyxy[0].tolist() == pytest.approx([240, 150, 256, 190], abs=1e-3)
    assert found.scores.tolist() == pytest.approx([200 / 255])


def test_a_person_cut_by_a_part_is_not_told_in_pieces() -> None:
    image = np.zeros((300, 500, 3), np.uint8)
    image[100:180, 130:260] = 200
    found = Ensemble([lights])(image)
    assert len(found) == 1
    assert found.xyxy[0].tolist() == pytest.approx([130, 100, 260, 180], abs=1e-3)


def test_a_score_is_the_mean_and_silence_counts() -> None:
    both = boxes((0, 0, 10, 20, 0.8)), boxes((0, 0, 10, 20, 0.4))
    assert fused(both).scores.tolist() == pytest.approx([0.6])
    assert fused([both[0], Boxes.empty()]).scores.tolist() == pytest.approx([0.4])


def test_the_surer_one_draws_the_box() -> None:
    found = fused([boxes((0, 0, 10, 20, 0.9)), boxes((2, 0, 12, 20, 0.3))])
    assert found.xyxy[0].tolist() == pytest.approx([0.5, 0, 10.5, 20])


def test_one_detectors_two_boxes_of_one_person_do_not_add_up() -> None:
    twice = boxes((0, 0, 10, 20, 0.8), (1, 0, 11, 20, 0.7))
    assert fused([twice]).scores.tolist() == pytest.approx([0.8])


def test_nobody_found_is_no_boxes() -> None:
    assert len(fused([Boxes.empty(), Boxes.empty()])) == 0
