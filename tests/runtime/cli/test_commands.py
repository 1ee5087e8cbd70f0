"""The command line as a user meets it: exit codes, messages, files, one JSON document."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

import belisha
from belisha.bundle import Bundle
from belisha.cli import COMMANDS, DESCRIPTION
from belisha.cli.dispatch import dispatch
from tests.pictures import write_picture, write_video
from tests.toy import ExpectedBox, scene, toy_bundle, toy_manifest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `belisha` in this process; gives exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        try:
            code = dispatch("belisha", DESCRIPTION, COMMANDS, [str(item) for item in arguments])
        except SystemExit as left:  # argparse
            code = int(left.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def last_json(out: str) -> Any:
    """The document on the last line."""
    return json.loads(out.rstrip("\n").rsplit("\n", 1)[-1])


def test_detect_writes_the_list_of_detections(run: Run, toy: Bundle, tmp_path: Path) -> None:
    source = write_picture(tmp_path / "a.png", scene((2, 1), scale=3))
    code, out, _ = run("detect", source, "--bundle", toy.path, "--out", tmp_path / "found.json")
    assert code == 0
    assert "1 people in 1 frames" in out
    (record,) = json.loads((tmp_path / "found.json").read_text())
    assert record == {"file_name": "a.png", "frame": 0, "bbox": [48, 24, 24, 24], "score": 0.9959}


def test_detect_goes_on_after_a_bad_file_and_exits_1(run: Run, toy: Bundle, tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", scene((2, 1)))
    (tmp_path / "b.png").write_bytes(b"junk")
    write_picture(tmp_path / "c.png", scene((2, 1)))
    code, out, err = run("detect", tmp_path, "--bundle", toy.path, "--json")
    assert code == 1
    document = last_json(out)
    assert [record["file_name"] for record in document["detections"]] == ["a.png", "c.png"]
    assert len(document["failures"]) == 1
    assert "b.png" in err


def test_detect_saves_pictures_and_videos_with_boxes(run: Run, toy: Bundle, tmp_path: Path) -> None:
    sources = write_picture(tmp_path / "a.png", scene((2, 1))), write_video(tmp_path / "b.avi", 4)
    code, _, _ = run("detect", *sources, "--bundle", toy.path, "--save", tmp_path / "out")
    assert code == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.png", "b.webm"]


def test_detect_prints_each_person_when_nothing_is_written(
    run: Run, toy: Bundle, tmp_path: Path
) -> None:
    source = write_picture(tmp_path / "a.png", scene((2, 1)))
    _, out, _ = run("detect", source, "--bundle", toy.path)
    assert "a.png frame 0: 1.00 at 16,8 size 8x8" in out


def test_the_threshold_can_be_set(run: Run, toy: Bundle, tmp_path: Path) -> None:
    source = write_picture(tmp_path / "a.png", scene((2, 1)))
    _, out, _ = run("detect", source, "--bundle", toy.path, "--threshold", 0.999, "--json")
    assert last_json(out)["detections"] == []
    code, _, err = run("detect", source, "--bundle", toy.path, "--threshold", 7)
    assert (code, "expected a threshold between 0 and 1, got 7" in err) == (2, True)


def test_run_prints_a_table_of_stages_and_saves_a_video(
    run: Run, toy: Bundle, tmp_path: Path
) -> None:
    clip = write_video(tmp_path / "a.avi", 21)
    code, out, _ = run("run", clip, "--bundle", toy.path, "--save", tmp_path / "b.webm", "--json")
    assert code == 0
    for stage in ("read", "prepare", "infer", "decode", "sinks", "total"):
        assert f"  {stage}" in out
    document = last_json(out)
    assert document["frames"] == document["people"] == 21
    assert document["stages_ms"]["total"]["p50"] > 0
    assert document["stages_ms"]["total"]["p99"] is None, "20 frames cannot support a p99"
    assert cv2.VideoCapture(str(tmp_path / "b.webm")).read()[0]


def test_show_says_that_it_is_not_there_yet(run: Run, toy: Bundle, tmp_path: Path) -> None:
    source = write_picture(tmp_path / "a.png", scene())
    code, _, err = run("run", source, "--bundle", toy.path, "--show")
    assert code == 0
    assert "no live view yet" in err


def test_check_passes_on_a_good_bundle(run: Run, toy: Bundle) -> None:
    code, out, _ = run("check", toy.path, "--json")
    assert code == 0
    assert "one white cell" in out
    assert last_json(out)["passed"] is True


def test_check_fails_where_the_machine_finds_something_else(run: Run, tmp_path: Path) -> None:
    elsewhere = ExpectedBox(xyxy=(0.0, 0.0, 8.0, 8.0), score=0.9)
    golden = toy_manifest().golden
    (frame,) = golden.frames
    frames = (type(frame)(file=frame.file, origin="moved", boxes=(elsewhere,)),)
    moved = type(golden)(threshold=0.5, min_iou=0.9, max_score_difference=0.02, frames=frames)
    bundle = toy_bundle(tmp_path / "moved.bundle", golden=moved)
    code, out, _ = run("check", bundle.path)
    assert code == 3
    assert "1 missing, 1 unexpected" in out


def test_check_says_when_there_was_nothing_to_compare(run: Run, tmp_path: Path) -> None:
    golden = replace(toy_manifest().golden, frames=())
    bundle = toy_bundle(tmp_path / "bare.bundle", golden=golden)
    code, out, _ = run("check", bundle.path)
    assert code == 0
    assert "no golden frames" in out


def test_info_tells_what_is_in_a_bundle(run: Run, toy: Bundle) -> None:
    code, out, _ = run("info", toy.path, "--json")
    assert code == 0
    assert "64x48 bgr, letterbox centre, pad 128" in out
    assert last_json(out)["digest"] == toy.digest
    assert last_json(out)["engine"] is None


def test_info_tells_what_would_run_a_bundle_if_asked(run: Run, toy: Bundle) -> None:
    code, out, _ = run("info", "--bundle", toy.path, "--engine", "onnxruntime", "--threads", 1)
    assert code == 0
    assert "CPU, float, 1 threads" in out


@pytest.mark.parametrize("command", ["detect", "run", "check", "info"])
def test_help_teaches_by_example_and_documents_the_exit_codes(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Examples:" in out
    assert f"belisha {command} " in out
    assert "exit codes:" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, ""),
        (("fly",), 2, "no command 'fly'; known: demo, detect, run, bench, check, doctor, info"),
        (("detect",), 2, "the following arguments are required: source"),
        (("detect", "a.png", "--bundle", "gone.bundle"), 3, "gone.bundle: cannot be read"),
        (("detect", "a.png", "--bundle", "TOY", "--engine", "abacus"), 2, "got 'abacus'"),
        (("detect", "a.png", "--bundle", "TOY", "--threads", "0"), 2, "1 to 1024 threads"),
        (("detect", "gone.png", "--bundle", "TOY"), 1, "gone.png: no such file"),
        (("detect", "gone*", "--bundle", "TOY"), 1, "expected pictures or videos in gone*"),
        (("run", "a.png", "--bundle", "TOY", "--save", "out.mp4"), 2, "ends in .webm"),
    ],
)
def test_wrong_input_has_an_exit_code_and_a_message(
    run: Run, toy: Bundle, arguments: tuple[str, ...], code: int, message: str
) -> None:
    got, out, err = run(*(str(toy.path) if item == "TOY" else item for item in arguments))
    assert got == code
    assert message in err + out
    assert "Traceback" not in err


def test_an_error_is_a_json_document_too(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("info", tmp_path / "gone.bundle", "--json")
    assert last_json(out)["exit_code"] == code == 3


def test_ctrl_c_keeps_what_was_done(toy: Bundle, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "long.avi", 3000)
    out = tmp_path / "found.json"
    arguments = ["detect", clip, "--bundle", toy.path, "--save", tmp_path / "out", "--out", out]
    program = [sys.executable, "-c", "from belisha.cli import main; raise SystemExit(main())"]
    process = subprocess.Popen(
        [*program, *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(belisha.__file__).parents[1])},
    )
    partial = tmp_path / "out" / ".long.partial.webm"
    deadline = time.monotonic() + 30
    while not partial.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "their results are kept" in err
    assert json.loads(out.read_text())
    assert (tmp_path / "out" / "long.webm").exists()
    assert not partial.exists()
