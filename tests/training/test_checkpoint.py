"""Checkpoints: what is written can be read, whole or not at all, and never runs code."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from belisha.errors import UsageError
from tests.training.drawn_street import small_run
from training.checkpoint import (
    Checkpoint,
    Metadata,
    Progress,
    TrainingError,
    read_checkpoint,
    write_checkpoint,
)
from training.model import LAYOUT, build_network


def checkpoint(**progress: int) -> Checkpoint:
    config = small_run(Path("data"))
    metadata = Metadata(
        config=config,
        preprocessing=config.preprocessing,
        layout=LAYOUT,
        fingerprints={"street": "abc"},
        commit="def",
        progress=Progress(**progress),
        figures={"street": 0.5},
    )
    return Checkpoint(metadata, build_network("tiny").state_dict(), {"optimiser": {"step": 3}})


@contextmanager
def no_space_for(count: int) -> Iterator[None]:
    """The system refuses files longer than `count` bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = checkpoint(step=7)
    write_checkpoint(tmp_path / "last.pt", written)
    read = read_checkpoint(tmp_path / "last.pt")
    assert read.metadata == written.metadata
    assert read.resume == written.resume
    for name, tensor in written.average.items():
        assert torch.equal(read.average[name], tensor)


@torch.no_grad()
def test_the_network_comes_back_ready_for_use(tmp_path: Path) -> None:
    written = checkpoint()
    write_checkpoint(tmp_path / "last.pt", written)
    network = read_checkpoint(tmp_path / "last.pt").network()
    assert not network.training
    original = build_network("tiny")
    original.load_state_dict(written.average)
    frames = torch.zeros(1, 65, 100, 3, dtype=torch.uint8)
    assert torch.equal(network(frames)[0], original.eval()(frames)[0])


def test_a_full_disk_leaves_the_old_checkpoint_whole(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    write_checkpoint(path, checkpoint(step=1))
    with no_space_for(1000), pytest.raises(TrainingError, match="the previous one is intact"):
        write_checkpoint(path, checkpoint(step=2))
    assert read_checkpoint(path).metadata.progress.step == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


def test_half_a_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    write_checkpoint(path, checkpoint())
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UsageError, match="expected a checkpoint"):
        read_checkpoint(path)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    torch.save({"metadata": Path, "average": print, "resume": {}}, path)
    with pytest.raises(UsageError, match="expected a checkpoint"):
        read_checkpoint(path)


def test_an_absent_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.pt: cannot be read: No such file"):
        read_checkpoint(tmp_path / "none.pt")


def test_metadata_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    torch.save({"metadata": '{"format": 1}', "average": {}, "resume": {}}, path)
    with pytest.raises(UsageError, match="missing required field"):
        read_checkpoint(path)
