"""Lessons: the pupil's view and the teacher's answer are of the same place; made once, resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from belisha.errors import UsageError
from tests.training.drawn_street import draw_street
from tests.training.teaching.drawn_teacher import write_teacher
from training.data.coco import read_coco
from training.loader import Pool, load_pool
from training.teaching.lesson_loader import LessonLoader
from training.teaching.lessons import PUPIL_SIDE, Lessons, load_view, write_lessons
from training.teaching.teachers import Teacher


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return load_pool([(read_coco(draw_street(tmp_path / "street")), 1.0)])


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    return Teacher(write_teacher(tmp_path / "bright.onnx"))


def written(folder: Path, pool: Pool, teacher: Teacher, count: int = 4, seed: int = 0) -> Lessons:
    return write_lessons(folder, pool, [teacher], pictures="drawn", count=count, seed=seed)


def test_the_answer_belongs_to_the_place(tmp_path: Path, pool: Pool, teacher: Teacher) -> None:
    lessons = written(tmp_path / "book", pool, teacher)
    for frame, answers in zip(lessons.frames, lessons.answers[0], strict=True):
        light = frame.reshape(26, 10, 26, 10, 3).mean(axis=(1, 3, 4)).ravel()
        seen = answers[:676, 0].astype(float)
        assert np.corrcoef(light, seen)[0, 1] > 0.9


def test_people_are_told_in_the_pupils_pixels(tmp_path: Path, pool: Pool, teacher: Teacher) -> None:
    lessons = written(tmp_path / "book", pool, teacher)
    people = 0
    for number in range(4):
        frame, boxes, dont_care = load_view(lessons, number)
        assert frame.shape == (PUPIL_SIDE, PUPIL_SIDE, 3)
        assert dont_care.shape[1] == 4
        for left, top, right, bottom in boxes.round().astype(int):
            inside = frame[max(top, 0) + 2 : bottom - 2, max(left, 0) + 2 : right - 2]
            assert inside.size == 0 or np.median(inside) > 200
            people += 1
    assert people > 0


def test_an_interrupted_book_goes_on_and_is_the_same(
    tmp_path: Path, pool: Pool, teacher: Teacher
) -> None:
    class Tired:
        """Stops in the middle."""

        name, depth = teacher.name, teacher.depth

        def __init__(self) -> None:
            self.asked = 0

        def __call__(self, view: np.ndarray) -> np.ndarray:
            self.asked += 1
            if self.asked > 2:
                raise KeyboardInterrupt
            return teacher(view)

    folder = tmp_path / "book"
    with pytest.raises(KeyboardInterrupt):
        write_lessons(folder, pool, [Tired()], pictures="drawn", count=4)  # type: ignore[list-item]
    again = written(folder, pool, teacher)
    whole = written(tmp_path / "other", pool, teacher)
    assert np.array_equal(again.frames, whole.frames)
    assert np.array_equal(again.answers[0], whole.answers[0])
    assert again.index.people == whole.index.people


def test_another_book_in_the_folder_is_refused(
    tmp_path: Path, pool: Pool, teacher: Teacher
) -> None:
    written(tmp_path / "book", pool, teacher)
    with pytest.raises(UsageError, match="holds other lessons"):
        written(tmp_path / "book", pool, teacher, seed=1)


def test_a_folder_without_lessons_says_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="python -m training teach"):
        Lessons.open(tmp_path)


def test_every_view_is_shown_once_before_any_comes_again(
    tmp_path: Path, pool: Pool, teacher: Teacher
) -> None:
    loader = LessonLoader(written(tmp_path / "book", pool, teacher), seed=3)
    assert sorted(loader.view(number) for number in range(4)) == [0, 1, 2, 3]
    assert sorted(loader.view(number) for number in range(4, 8)) == [0, 1, 2, 3]
    assert [loader.view(n) for n in range(40)] != [loader.view(n % 4) for n in range(40)]


def test_a_resumed_run_sees_the_batches_that_it_would_have_seen(
    tmp_path: Path, pool: Pool, teacher: Teacher
) -> None:
    lessons = written(tmp_path / "book", pool, teacher)

    def batches(first: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        made = LessonLoader(lessons, seed=3).batches(first, lambda _: (None, 2))  # type: ignore[arg-type,return-value]
        shown = [next(made)[0] for _ in range(count)]
        made.close()
        return [(batch.frames.numpy(), batch.answers[0].numpy()) for batch in shown]

    for (frames, answers), (same_frames, same_answers) in zip(
        batches(4, 2), batches(0, 4)[2:], strict=True
    ):
        assert np.array_equal(frames, same_frames)
        assert np.array_equal(answers, same_answers)
