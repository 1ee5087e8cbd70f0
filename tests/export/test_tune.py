"""Fine-tuning: done where the integers cost much, resumable, and remembered by the checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from belisha.cli.dispatch import dispatch
from belisha.errors import UsageError
from export.__main__ import COMMANDS
from export.plan import Equalisation, Plan, read_plan
from export.tune import Request, tune, tuning_config
from tests.export.trained import checkpoint, plan
from training.checkpoint import read_checkpoint, write_checkpoint
from training.config import Source

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


def given(folder: Path, made: Plan | None = None) -> Request:
    """A checkpoint with a plan beside it, to be tuned for three steps."""
    path = folder / "plan.json"
    path.write_bytes((made or plan()).to_json())
    return Request(checkpoint=checkpoint(folder), plan=path, steps=3, batch=2, always=True)


def quiet(text: str) -> None:
    pass


def test_a_tuned_checkpoint_remembers_its_scales_and_has_learnt(tmp_path: Path) -> None:
    request = given(tmp_path)
    tuned = tune(request, tmp_path / "tuned", quiet)
    assert tuned.summary is not None
    assert tuned.summary.finished
    made, before = (
        read_checkpoint(path) for path in (Path(tuned.summary.checkpoint), request.checkpoint)
    )
    tuning = made.metadata.config.tuning
    assert tuning is not None
    assert tuning.scales == plan().scales
    assert len(tuning.checkpoint) == 64
    changed = [not torch.equal(value, before.average[key]) for key, value in made.average.items()]
    assert any(changed)
    norms = [key for key in made.average if "running_mean" in key]
    assert all(torch.equal(made.average[key], before.average[key]) for key in norms), "frozen"
    assert read_plan(tmp_path / "tuned" / "plan.json") == plan()


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    request = given(tmp_path)
    whole = tune(request, tmp_path / "whole", quiet).summary
    config = tuning_config(read_checkpoint(request.checkpoint), plan(), request)
    assert config.steps == 3
    again = tune(request, tmp_path / "whole", quiet)
    assert again.before == {}, "nothing is measured twice"
    assert whole is not None
    assert again.summary is not None
    assert again.summary.progress == whole.progress


def test_a_run_with_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    request = given(tmp_path)
    tune(request, tmp_path / "tuned", quiet)
    other = plan().with_scales({"stages.0.0": 1.0}, "given", "")
    (tmp_path / "plan.json").write_bytes(other.to_json())
    with pytest.raises(UsageError, match="holds a run of another configuration"):
        tune(request, tmp_path / "tuned", quiet)


def test_where_little_is_lost_nothing_is_done(tmp_path: Path) -> None:
    request = replace(given(tmp_path), always=False)
    stored = read_checkpoint(request.checkpoint)
    config = replace(stored.metadata.config, validation=(Source("street"),))
    with_validation = replace(stored, metadata=replace(stored.metadata, config=config))
    write_checkpoint(request.checkpoint, with_validation)
    tuned = tune(request, tmp_path / "tuned", quiet)
    assert tuned.summary is None, "a network that knows nothing loses nothing"
    assert list(tuned.before) == ["street"]
    assert not (tmp_path / "tuned" / "last.pt").exists()


def test_equalisation_goes_into_the_weights(tmp_path: Path) -> None:
    factors = {"stages.0.0": tuple(0.5 + index / 32 for index in range(16))}
    request = given(tmp_path, replace(plan(), equalisation=Equalisation("asked for", factors)))
    tuned = tune(replace(request, steps=1, rate=1e-9), tmp_path / "tuned", quiet)
    assert tuned.summary is not None
    made, before = (
        read_checkpoint(path) for path in (Path(tuned.summary.checkpoint), request.checkpoint)
    )
    name = "stages.0.0.norm.weight"
    wanted = before.average[name] / torch.tensor(factors["stages.0.0"])
    assert torch.allclose(made.average[name], wanted, rtol=1e-4)


def test_what_is_tuned_already_is_refused(tmp_path: Path) -> None:
    request = given(tmp_path)
    summary = tune(request, tmp_path / "tuned", quiet).summary
    assert summary is not None
    twice = replace(request, checkpoint=Path(summary.checkpoint))
    with pytest.raises(UsageError, match="is tuned already"):
        tune(twice, tmp_path / "twice", quiet)


def test_the_command_refuses_senseless_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(tmp_path / "x.pt"), "--out", str(tmp_path / "o"), "--steps", "0"]
    assert dispatch("export", "", COMMANDS, ["tune", *arguments]) == 2
    assert "expected steps and a batch from 1 on" in capsys.readouterr().err
