"""The mean of checkpoints: of their weights, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from belisha.cli.dispatch import dispatch
from belisha.errors import UsageError
from belisha.frames import Preprocessing
from tests.training.drawn_street import small_run
from tests.training.test_model import experienced, frames
from training.__main__ import COMMANDS
from training.average import averaged
from training.checkpoint import Checkpoint, Metadata, Progress, read_checkpoint, write_checkpoint
from training.model import LAYOUT, build_network

FAR = Progress(step=7, examples=56, seconds=3.0, best=0.5)


def checkpoint(folder: Path, seed: int, size: str = "tiny", step: int = 1) -> Checkpoint:
    torch.manual_seed(seed)
    metadata = Metadata(
        config=replace(small_run(folder), size=size, seed=seed),
        preprocessing=Preprocessing(width=100, height=65),
        layout=LAYOUT,
        fingerprints={},
        commit="c0ffee",
        progress=replace(FAR, step=step),
        figures={"street": 0.5},
    )
    return Checkpoint(metadata, experienced(build_network(size)).state_dict(), {"network": {}})


def test_every_weight_and_statistic_is_the_mean(tmp_path: Path) -> None:
    made = [checkpoint(tmp_path, seed) for seed in (1, 2, 3)]
    for name, value in averaged(made).average.items():
        if value.is_floating_point():
            wanted = torch.stack([one.average[name] for one in made]).mean(0)
            assert torch.allclose(value, wanted, atol=1e-6), name


def test_the_mean_of_a_network_with_itself_computes_the_same(tmp_path: Path) -> None:
    one = checkpoint(tmp_path, 1)
    for ours, theirs in zip(
        averaged([one, one]).network()(frames()), one.network()(frames()), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_it_is_what_the_last_one_is_but_not_as_measured(tmp_path: Path) -> None:
    first, last = checkpoint(tmp_path, 1, step=3), checkpoint(tmp_path, 2, step=9)
    mean = averaged([first, last])
    assert mean.metadata == replace(last.metadata, figures={})
    assert mean.resume == {}


def test_one_alone_is_no_mean(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two checkpoints or more, got 1"):
        averaged([checkpoint(tmp_path, 1)])


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    small, tiny = checkpoint(tmp_path, 1, "small"), checkpoint(tmp_path, 1)
    with pytest.raises(UsageError, match="checkpoint 1 is of another architecture"):
        averaged([small, tiny])
    other = Preprocessing(width=130, height=95)
    odd = Checkpoint(replace(tiny.metadata, preprocessing=other), tiny.average)
    with pytest.raises(UsageError, match="checkpoint 2 was trained for"):
        averaged([tiny, odd, tiny])


def test_the_command_writes_a_checkpoint_that_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / f"{seed}.pt" for seed in (1, 2)]
    for seed, path in enumerate(paths, 1):
        write_checkpoint(path, checkpoint(tmp_path, seed))
    out = tmp_path / "new" / "last.pt"
    arguments = ["average", *map(str, paths), "--out", str(out)]
    assert dispatch("python -m training", "", COMMANDS, arguments) == 0
    assert "the mean of 2 checkpoints" in capsys.readouterr().out
    read_checkpoint(out).network()(frames())
