"""`python -m export adopt` as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from belisha.cli.dispatch import dispatch
from export.__main__ import COMMANDS
from tests.export.foreign import MODELS, write_model, yolo
from tests.pictures import write_picture
from tests.toy import scene

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `python -m export adopt` in this process; gives exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        try:
            words = ["adopt", *map(str, arguments)]
            code = dispatch("python -m export", "", COMMANDS, words)
        except SystemExit as left:  # argparse
            code = int(left.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_adopt_summarises_what_it_made(run: Run, tmp_path: Path) -> None:
    names = "{0: 'car', 1: 'person', 2: 'dog', 3: 'tree', 4: 'van'}"
    model = write_model(tmp_path / "yolo.onnx", yolo(names=names))
    out = tmp_path / "new" / "x.bundle"
    code, said, warned = run(model, "--head", "yolov8", "--out", out, "--threshold", "0.6")
    assert code == 0
    assert out.is_file()
    for line in (
        f"written    {out}",
        "input      uint8 (1, 64, 96, 3), rgb, letterbox centre, pad 114",
        "outputs    scores float32 (1, 96, 1), boxes float32 (1, 96, 4)",
        "classes    5; their names: the ONNX file's metadata",
        "person     class 1, 'person'",
        "threshold  0.6",
        "licence    AGPL-3.0 (as the ONNX file says)",
        f"next       belisha check {out}",
    ):
        assert line in said.splitlines()
    assert "drawings without people" in warned


def test_adopt_gives_one_json_document(run: Run, tmp_path: Path) -> None:
    model = write_model(tmp_path / "nano.onnx", MODELS["nanodet"]())
    picture = write_picture(tmp_path / "street.png", scene((2, 1)))
    options = ("--head", "nanodet", "--person", "1", "--name", "Nano", "--licence", "MIT")
    golden = ("--golden", picture)
    code, said, warned = run(model, *options, "--out", tmp_path / "x.bundle", "--json", *golden)
    assert code == 0
    assert warned == ""
    document = json.loads(said.splitlines()[-1])
    assert document["name"] == "Nano"
    assert document["licence"] == "MIT"
    assert document["input"] == [1, 64, 96, 3]
    assert document["person"]["index"] == 1
    (frame,) = document["golden"]["frames"]
    assert frame["origin"] == "street.png"
    assert frame["passed"]


def test_an_error_is_one_line_and_exit_code_2(run: Run, tmp_path: Path) -> None:
    model = write_model(tmp_path / "nano.onnx", MODELS["nanodet"]())
    code, said, warned = run(model, "--head", "yolov8", "--out", tmp_path / "x.bundle")
    assert code == 2
    assert said == ""
    assert "--head yolov8 expected one output" in warned
    assert warned.count("\n") == 1
    assert not (tmp_path / "x.bundle").exists()


@pytest.mark.parametrize("size", ["416", "416x", "x320", "0x320", "416x-320", "axb"])
def test_a_misspelt_size_is_refused(run: Run, size: str) -> None:
    code, _, warned = run("a.onnx", "--head", "yolov8", "--out", "x.bundle", "--size", size)
    assert code == 2
    assert "expected WIDTHxHEIGHT such as 416x320" in warned


def test_help_teaches_by_example(run: Run) -> None:
    code, said, _ = run("--help")
    assert code == 0
    assert "python -m export adopt nanodet_m.onnx --head nanodet --out nanodet.bundle" in said
    for head in MODELS:
        assert f"\n  {head} " in said
