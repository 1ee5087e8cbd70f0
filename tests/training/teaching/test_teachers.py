"""Teachers: all that they say, on cells that the pupil has too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from belisha.errors import UsageError
from tests.training.teaching.drawn_teacher import write_teacher
from training.teaching.teachers import SIDE, Teacher, levels


def lit(left: int, top: int, size: int) -> np.ndarray:
    """A dark view with one bright square."""
    view = np.zeros((SIDE, SIDE, 3), np.uint8)
    view[top : top + size, left : left + size] = 255
    return view


def test_levels_follow_each_other_without_a_gap() -> None:
    assert [(level.side, level.first, level.stop) for level in levels()] == [
        (26, 0, 676),
        (13, 676, 845),
        (7, 845, 894),
    ]


@pytest.mark.parametrize(("strides", "cells"), [((8, 16, 32, 64), 894), ((8, 16, 32), 845)])
def test_every_class_of_every_cell_is_told(
    tmp_path: Path, strides: tuple[int, ...], cells: int
) -> None:
    answers = Teacher(write_teacher(tmp_path / "teacher.onnx", strides))(lit(0, 0, 16))
    assert answers.shape == (cells, 80)
    assert answers.dtype == np.float32
    assert 0 <= answers.min() <= answers.max() <= 1


def test_the_cell_under_the_light_is_the_surest(tmp_path: Path) -> None:
    answers = Teacher(write_teacher(tmp_path / "teacher.onnx"))(lit(64, 128, 16))
    first = answers[:676, 0].reshape(26, 26)
    assert np.unravel_index(first.argmax(), first.shape) == (128 // 16, 64 // 16)
    assert answers[:676, 1].max() < 0.2  # no other class answers to light


def test_what_only_the_finest_level_sees_is_kept(tmp_path: Path) -> None:
    """A light of 8 pixels fills a cell of stride 8 and a quarter of one of stride 16."""
    answers = Teacher(write_teacher(tmp_path / "teacher.onnx"))(lit(72, 128, 8))
    full = Teacher(write_teacher(tmp_path / "teacher.onnx"))(lit(64, 128, 16))
    assert answers[:676, 0].max() == full[:676, 0].max()


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(UsageError, match="expected an ONNX model"):
        Teacher(path)
    with pytest.raises(UsageError, match="strides from 8 on"):
        Teacher(write_teacher(path, (16, 32)))
