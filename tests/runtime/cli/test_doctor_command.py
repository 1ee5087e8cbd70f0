"""`belisha doctor` as its users see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.champion import CLIP
from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch


def doctor(*words: str) -> int:
    return dispatch("belisha", "", COMMANDS, ["doctor", *words])


def config(folder: Path, text: str) -> str:
    path = folder / "car.yaml"
    path.write_text(text)
    return str(path)


def test_a_well_device_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = doctor("--config", config(tmp_path, f"camera: {{source: {CLIP}}}\n"), "--json")
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    states = {one["about"]: one["state"] for one in document["findings"]}
    assert states["configuration"] == states["camera"] == states["golden frames"] == "ok"
    assert (code == 0) == (document["state"] != "trouble")


def test_a_missing_camera_is_trouble_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor("--config", config(tmp_path, "camera: {source: /dev/video-nobody}\n")) == 1
    said = capsys.readouterr().out
    assert "FAIL camera         /dev/video-nobody: no such camera" in said
    assert "-> v4l2-ctl --list-devices" in said
    assert said.endswith("something needs you\n")


def test_a_wrong_configuration_does_not_end_the_examination(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor("--config", config(tmp_path, "camera: {sorce: 1}\n"), "--json") == 1
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["findings"][0]["state"] == "trouble"
    assert {"golden frames", "disk", "versions"} <= {one["about"] for one in document["findings"]}


def test_a_file_that_is_not_there_is_a_wrong_usage(tmp_path: Path) -> None:
    assert doctor("--config", str(tmp_path / "nothing.yaml")) == 2
