"""The pupil: agreement costs nothing, and nothing of the lessons stays in the network."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.training.drawn_street import draw_street, small_run
from tests.training.teaching.drawn_teacher import write_teacher
from training.checkpoint import read_checkpoint
from training.config import Config, Stage
from training.data.coco import read_coco
from training.loader import load_pool
from training.model import build_network
from training.ranks import Ranks
from training.teaching.lessons import write_lessons
from training.teaching.pupil import Pupil, lesson_loss
from training.teaching.teachers import Teacher
from training.train import train

VIEW = torch.zeros(2, 260, 260, 3, dtype=torch.uint8)


def test_answers_have_the_cells_of_each_teacher() -> None:
    scores, boxes, (pico, nano) = Pupil(build_network("tiny"), (3, 2))(VIEW)
    assert scores.shape[:2] == boxes.shape[:2] == (2, 894)
    assert pico.shape == (2, 894, 80)
    assert nano.shape == (2, 845, 80)


def test_agreement_costs_nothing_and_both_errors_cost() -> None:
    answers = torch.tensor([[[0, 255, 128]]], dtype=torch.uint8)
    agreed = torch.logit((answers.float() / 255).clamp(1e-6, 1 - 1e-6))
    assert lesson_loss(agreed, answers) < 1e-6
    too_sure, unsure = agreed.clone(), agreed.clone()
    too_sure[0, 0, 0], unsure[0, 0, 1] = 3.0, -3.0
    assert lesson_loss(too_sure, answers) > 0.5
    assert lesson_loss(unsure, answers) > 0.5


def lessons_run(folder: Path) -> Config:
    """A run of four steps on four lessons."""
    pool = load_pool([(read_coco(draw_street(folder / "street")), 1.0)])
    teacher = Teacher(write_teacher(folder / "bright.onnx"))
    write_lessons(folder / "book", pool, [teacher], pictures="drawn", count=4)
    return small_run(folder, lessons=str(folder / "book"), stages=(Stage(1.0, 260, 260, 2),))


def test_a_run_on_lessons_gives_a_plain_checkpoint_that_another_run_starts_from(
    tmp_path: Path,
) -> None:
    config = lessons_run(tmp_path)
    summary = train(config, tmp_path / "pre", Ranks())
    taught = read_checkpoint(Path(summary.checkpoint))
    assert set(taught.average) == set(build_network("tiny").state_dict())
    fresh = small_run(tmp_path, start=summary.checkpoint, rate=1e-12, steps=1, weight_decay=0.0)
    went_on = read_checkpoint(Path(train(fresh, tmp_path / "on", Ranks()).checkpoint))
    before, after = (taught.average["stages.0.0.main"], went_on.average["stages.0.0.main"])
    assert torch.allclose(before, after, atol=1e-6)


def test_a_run_to_be_continued_keeps_the_pupils_own_convolutions(tmp_path: Path) -> None:
    summary = train(lessons_run(tmp_path), tmp_path / "run", Ranks())
    state = read_checkpoint(Path(summary.checkpoint)).resume["network"]
    assert {name.split(".")[0] for name in state} == {"heads", "network"}
