"""`belisha bench` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.bench.result import read_result
from belisha.bundle import Bundle
from belisha.cli import COMMANDS, DESCRIPTION
from belisha.cli.dispatch import dispatch
from tests.pictures import write_picture, write_video
from tests.toy import scene

SHORT = ("--seconds", "0.3", "--rate", "60", "--cold-starts", "0", "--threads", "1")


def bench(*arguments: object) -> int:
    return dispatch("belisha", DESCRIPTION, COMMANDS, ["bench", *map(str, arguments)])


def test_it_prints_writes_and_tells_what_to_believe(
    toy: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.avi", 5)
    out, page = tmp_path / "r.json", tmp_path / "r.html"
    code = bench(clip, "--bundle", toy.path, *SHORT, "--out", out, "--html", page, "--json")
    captured = capsys.readouterr().out
    assert "back to back, ms from frame to boxes" in captured
    assert "18 frames captured at 60 Hz" in captured
    result = read_result(out)
    assert result.settings["frames"] == "5 of 128x96: clip.avi"
    assert json.loads(captured.rstrip().rsplit("\n", 1)[-1])["format"] == 1
    assert page.read_text().startswith("<!doctype html>")
    # 18 paced frames are too few to call the machine steady.
    assert code == 4
    assert "INCONCLUSIVE: toy float, at the camera's pace: " in captured
    assert "samples are too few" in captured


def test_frames_of_two_sizes_are_no_camera(
    toy: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "a.png", scene())
    write_picture(tmp_path / "b.png", scene(scale=2))
    assert bench(tmp_path, "--bundle", toy.path, *SHORT) == 1
    assert "expected frames of one size, got 64x48 and 128x96" in capsys.readouterr().err


def test_wrong_numbers_are_wrong_usage(toy: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--bundle", toy.path, *SHORT, "--rate", "0") == 2
    assert "expected rate_hz above 0" in capsys.readouterr().err
