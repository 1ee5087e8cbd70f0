"""A run: it learns, it goes on where it was, and it stops with a reason."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from belisha.errors import DatasetError, TrainingError, UsageError
from belisha.frames import Preprocessing
from tests.training.drawn_street import draw_street, small_run
from training.checkpoint import read_checkpoint
from training.config import Config, Source, Stage, read_sources
from training.data.ingest import ingest
from training.data.plan import Plan, SourcePlan
from training.data.store import Store
from training.learner import learning_rate
from training.loader import Batch, Loader, Pool, load_pool
from training.ranks import Ranks
from training.train import BEST, FAILED, LAST, LONGEST_STEP, Run, train

CHECKOUT = Path(__file__).parents[2]
STREET = (Source("street"),)

CONFIG = """\
data: {data}
size: tiny
width: 100
height: 65
steps: {steps}
warm_up: 1
save_minutes: 0
threads: 1
stages: [{{until: 1, width: 100, height: 65, batch: 4}}]
train: [{{path: street}}]
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw_street(folder / "street")
    return folder


class InterruptedLoader(Loader):
    """A loader during whose n-th batch somebody presses Ctrl-C."""

    def __init__(self, pool: Pool, config: Config, after: int) -> None:
        super().__init__(pool, config.recipe, seed=config.seed)
        self._after = after

    def batches(
        self, first: int, plan: Callable[[int], tuple[Preprocessing, int]], ahead: int = 3
    ) -> Generator[tuple[Batch, int], None, None]:
        for index, batch in enumerate(super().batches(first, plan, ahead)):
            if index == self._after:
                raise KeyboardInterrupt
            yield batch


def interrupt(config: Config, out: Path, after: int) -> None:
    """Train for some steps, then press Ctrl-C."""
    sources = read_sources(config.train, config.data)
    fingerprints = {dataset.name: dataset.fingerprint for dataset, _ in sources}
    run = Run(config, out, Ranks(), [], fingerprints)
    with pytest.raises(KeyboardInterrupt):
        run.learn(InterruptedLoader(load_pool(sources), config, after))


def test_a_run_learns_and_leaves_its_records(data: Path, tmp_path: Path) -> None:
    config = small_run(data, steps=40, epoch=80, validation=STREET, rate=5e-3, average_decay=0.9)
    summary = train(config, tmp_path, Ranks())
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert summary.finished
    assert [line["step"] for line in lines] == [20, 40]
    assert lines[1]["loss"] < 0.8 * lines[0]["loss"]
    assert summary.figures == lines[1]["ap50"]
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


def test_a_checkpoint_knows_where_it_comes_from(data: Path, tmp_path: Path) -> None:
    config = small_run(data)
    train(config, tmp_path, Ranks())
    for name in (LAST, BEST):
        metadata = read_checkpoint(tmp_path / name).metadata
        assert metadata.config == config
        assert metadata.preprocessing == config.preprocessing
        assert metadata.progress.step == 4
        assert metadata.fingerprints.keys() == {"street"}


def test_an_interrupted_run_goes_on_as_if_nothing_had_been(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stages = (Stage(0.5, 65, 65, 4), Stage(1.0, 100, 65, 3))
    config = small_run(data, steps=8, stages=stages)
    train(config, tmp_path / "whole", Ranks())
    interrupt(config, tmp_path / "halves", after=3)
    assert "interrupted at 37.5 %" in capfd.readouterr().err
    assert read_checkpoint(tmp_path / "halves" / LAST).metadata.progress.step == 3

    summary = train(config, tmp_path / "halves", Ranks())
    assert summary.progress.step == 8
    whole, halves = (read_checkpoint(tmp_path / name / LAST) for name in ("whole", "halves"))
    assert whole.metadata.progress.examples == halves.metadata.progress.examples
    for name, tensor in whole.average.items():
        assert torch.allclose(tensor, halves.average[name], rtol=1e-4, atol=1e-6), name


def test_a_finished_run_is_not_trained_further(data: Path, tmp_path: Path) -> None:
    config = small_run(data)
    train(config, tmp_path, Ranks())
    before = (tmp_path / LAST).read_bytes()
    assert train(config, tmp_path, Ranks()).progress.step == 4
    assert (tmp_path / LAST).read_bytes() == before


def test_a_folder_with_another_run_is_refused(data: Path, tmp_path: Path) -> None:
    config = small_run(data)
    train(config, tmp_path, Ranks())
    with pytest.raises(UsageError, match="holds a run of another configuration"):
        train(replace(config, rate=1e-4), tmp_path, Ranks())


def test_a_run_goes_on_only_with_the_data_it_began_with(tmp_path: Path) -> None:
    draw_street(tmp_path / "street")
    config = small_run(tmp_path)
    train(config, tmp_path / "run", Ranks())
    (tmp_path / "street").rename(tmp_path / "old")
    draw_street(tmp_path / "street", seed=1)
    with pytest.raises(UsageError, match="holds a run on other data"):
        train(config, tmp_path / "run", Ranks())


def test_a_run_by_time_ends_by_time(data: Path, tmp_path: Path) -> None:
    summary = train(small_run(data, steps=None, minutes=0.005), tmp_path, Ranks())
    assert 0.3 <= summary.progress.seconds < 0.3 + LONGEST_STEP


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_batch(
    data: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"is not finite: the batch is in .*failed_batch\.pt"):
        train(small_run(data, steps=30, rate=1e30), tmp_path, Ranks())
    kept = torch.load(tmp_path / FAILED, weights_only=True)
    assert kept["frames"].shape == (4, 65, 100, 3)


def test_data_without_people_stop_the_run_before_it_begins(tmp_path: Path) -> None:
    draw_street(tmp_path / "street", people=0)
    with pytest.raises(DatasetError, match="expected people, got none"):
        train(small_run(tmp_path), tmp_path / "run", Ranks())
    assert not (tmp_path / "run" / LAST).exists()


def test_the_rate_rises_then_falls() -> None:
    config = small_run(Path(), warm_up=10, rate=1.0, last_rate=0.1)
    assert learning_rate(config, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(config, 9, 0.0) == pytest.approx(1.0)
    assert learning_rate(config, 500, 0.5) == pytest.approx(0.55)
    assert learning_rate(config, 999, 1.0) == pytest.approx(0.1)


def start(config: Path, out: Path) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "training", "train", str(config), "--out", str(out), "--json"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT / 'runtime'}:{CHECKOUT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    """Until a file is there; a minute at most."""
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come")


def test_a_killed_run_goes_on_and_ctrl_c_keeps_what_was_reached(data: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "run.yaml", tmp_path / "run"
    config.write_text(CONFIG.format(data=data, steps=1_000_000))
    killed = start(config, out)
    wait_for(out / LAST)
    killed.kill()
    killed.communicate()
    reached = read_checkpoint(out / LAST).metadata.progress.step

    stopped = start(config, out)
    begin = (out / LAST).stat().st_mtime_ns
    while (out / LAST).stat().st_mtime_ns == begin and stopped.poll() is None:
        time.sleep(0.05)
    stopped.send_signal(signal.SIGINT)
    output, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert json.loads(output.splitlines()[-1]) == {"error": "interrupted", "exit_code": 130}
    assert "interrupted at" in errors
    assert read_checkpoint(out / LAST).metadata.progress.step > reached
    assert math.isfinite(read_checkpoint(out / LAST).metadata.progress.seconds)


def test_a_run_learns_from_a_version_of_a_store(data: Path, tmp_path: Path) -> None:
    plan = Plan(sources=(SourcePlan(name="street", path=str(data / "street")),))
    with Store.open(tmp_path / "store", create=True) as store:
        version = ingest(store, plan).version
        images = [record.sha256 for record in version.records()]
        version.assign(dict.fromkeys(images[1:], "train") | {images[0]: "validation"})
    source = Source(store="store", version="v1", split="train")
    held_out = replace(source, split="validation")
    config = small_run(tmp_path, train=(source,), validation=(held_out,))
    summary = train(config, tmp_path / "run", Ranks())
    assert summary.figures.keys() == {"v1 split=validation"}
    metadata = read_checkpoint(tmp_path / "run" / LAST).metadata
    assert metadata.fingerprints.keys() == {"v1 split=train"}
    assert metadata.config == config
