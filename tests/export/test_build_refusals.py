"""A build that is asked for nonsense says so, and leaves nothing half done."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.export.building import files_in, run, with_config
from tests.export.trained import checkpoint

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--size", "98x95"], 2, "in multiples of 5, got 98x95"),
        (["--frames", "0"], 2, "expected at least 1 calibration frame, got 0"),
        (["--frames", "2"], 2, "expected at least 4 distinct calibration frames, got 2"),
        (["--threshold", "1"], 2, "expected a threshold between 0 and 1"),
        (["--false-positives-per-image", "0"], 2, "expected more than 0 false positives per image"),
        (["--compare-frames", "0"], 2, "expected at least 1 frame to compare on, got 0"),
        (["--where", "light=day"], 2, "--where chooses among the images of --data"),
        (["--golden", "gone.png"], 2, "gone.png: cannot be read"),
        (["--card", "gone.md"], 2, "gone.md: cannot be read"),
        (["--rules", "gone.yaml"], 2, "gone.yaml: cannot be read"),
        (["--plan", "gone.json"], 2, "gone.json: cannot be read"),
        (["--data", "gone"], 1, "gone/annotations.json: cannot be read"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(
    tmp_path: Path,
    coloured: Path,
    options: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out" / "x.bundle"
    assert run(coloured, "--out", out, *options) == code
    assert message in capsys.readouterr().err.replace(
        "gone: cannot", "gone/annotations.json: cannot"
    )
    assert files_in(out.parent) == []


def test_a_file_that_is_no_checkpoint_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "junk.pt").write_bytes(b"junk")
    torch.save({"model": {"conv.weight": torch.zeros(3)}}, tmp_path / "other.pt")
    for name in ("junk.pt", "other.pt"):
        assert run(tmp_path / name, "--out", tmp_path / "x.bundle") == 2
        assert f"{name}: expected a checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["small", "gigantic"])
def test_a_checkpoint_of_another_architecture_is_refused(
    coloured: Path, tmp_path: Path, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights that are not those of the network that their configuration names."""
    path = with_config(coloured, tmp_path / "other.pt", size=size)
    assert run(path, "--out", tmp_path / "x.bundle") == 2
    assert f"expected the weights of a '{size}' network" in capsys.readouterr().err
    assert files_in(tmp_path) == ["other.pt"]


def test_black_calibration_frames_are_refused(
    coloured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(coloured.parents[1], folder)
    for index, picture in enumerate(sorted((folder / "street" / "images").iterdir())):
        image = np.zeros((160, 288, 3), np.uint8)
        image[:40, 5 * index : 5 * index + 5] = 1  # not one picture many times, but black ones
        cv2.imwrite(str(picture), image)
    path = with_config(coloured, tmp_path / "c.pt", data=str(folder))
    assert run(path, "--out", tmp_path / "out" / "x.bundle") == 2
    assert "black or of one colour" in capsys.readouterr().err
    assert files_in(tmp_path / "out") == []


def test_calibration_says_which_data_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkpoint(tmp_path)
    shutil.rmtree(tmp_path / "street")
    assert run(path, "--out", tmp_path / "x.bundle") == 1
    assert "street: cannot be read: No such file" in capsys.readouterr().err
