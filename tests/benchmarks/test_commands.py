"""`python -m benchmarks` as a user meets it, on toys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.bench.result import read_result
from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from benchmarks.__main__ import COMMANDS
from tests.toy import toy_bundle
from tests.training.drawn_street import draw_street


def run(*arguments: object) -> int:
    return dispatch("python -m benchmarks", "", COMMANDS, [str(word) for word in arguments])


@pytest.fixture(scope="module")
def side_by_side(toy: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of two toys that took turns, with accuracy, and nobody else at home."""
    folder = tmp_path_factory.mktemp("peers")
    twin = toy_bundle(folder / "twin.bundle", name="twin")
    street = draw_street(folder / "street")
    options = ("--size", "64x48", "--frames", 60, "--peers", folder, "--hog", folder / "python")
    code = run(
        "peers", "--bundle", toy.path, twin.path, *options, "--data", street, "--out", folder
    )
    assert code in (0, 4)  # by the weather of the machine
    return folder


def test_all_take_turns_and_who_is_absent_is_named(side_by_side: Path) -> None:
    result = read_result(side_by_side / "peers.json")
    measured = [subject for subject in result.subjects if subject.closed]
    assert [subject.name for subject in measured] == ["toy", "twin"]
    absent = {subject.name: subject.skipped or "" for subject in result.subjects[2:]}
    assert "cannot be read" in absent["FastestDet"]
    assert "--ultralytics" in absent["yolo26n"]
    assert "expected a Python interpreter" in absent["OpenCV HOG"]
    assert {ratio.what for ratio in result.ratios} == {"total p50", "infer p50"}


def test_accuracy_is_measured_by_height(side_by_side: Path) -> None:
    (toy, *_) = read_result(side_by_side / "peers.json").subjects
    assert [one.min_height for one in toy.accuracy] == [0, 20, 50]
    assert toy.accuracy[0].people == 12


def test_the_page_has_plots_tables_and_the_absent(side_by_side: Path) -> None:
    page = (side_by_side / "peers.html").read_text()
    assert page.count("<svg") == 2
    assert "OpenCV HOG: not measured" in page


def test_a_result_is_the_same_as_itself(
    side_by_side: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = side_by_side / "peers.json"
    assert run("compare", path, path, "--json") in (0, 4)
    document = json.loads(capsys.readouterr().out.rstrip().rsplit("\n", 1)[-1])
    assert {ratio["verdict"] for ratio in document["ratios"]} == {"same"}
    assert document["differences"] == []


def test_strangers_cannot_be_compared(
    side_by_side: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (side_by_side / "peers.json").read_text()
    other = tmp_path / "other.json"
    other.write_text(text.replace('"toy"', '"x"').replace('"twin"', '"y"'))
    assert run("compare", side_by_side / "peers.json", other) == 2
    assert "expected detectors that both files have" in capsys.readouterr().err


def test_capacity_answers_by_exit_code(
    toy: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--fps", 1000, "--no-search", "--threads", 1, "--out", tmp_path)
    code = run("capacity", "--bundle", toy.path, "--p99-ms", 1e-3, *options)
    assert code in (1, 4)  # nothing decides within a microsecond
    out = capsys.readouterr().out
    assert "1000 frames a second at p99 under 0.0 ms" in out
    capacity = read_result(tmp_path / "capacity.json").capacity
    assert capacity is not None
    assert capacity.holds is not True
    assert capacity.margin_ms is None or capacity.margin_ms < 0
    assert "Rates tried" in (tmp_path / "capacity.html").read_text()
