"""`python -m training errors` as a user meets it, with the toy that finds bright cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from tests.toy import cell_box, scene
from tests.training.evaluation.truth import write_coco
from training.__main__ import COMMANDS

SCALE = 4
"""Cells of the toy are 8 px; the pictures show them 32 px tall."""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], toy: Bundle) -> Run:
    """Call the command in this process; gives exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        line = ["errors", str(toy.path), *map(str, arguments)]
        code = dispatch("python -m training", "", COMMANDS, line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Four pictures: found; dark and so not seen; hidden; and a light where nobody is."""
    folder = tmp_path / "street"
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, object]] = []
    people: list[dict[str, object]] = []
    left, top, right, bottom = cell_box(2, 1, SCALE)
    bbox = [left, top, right - left, bottom - top]
    for index, cells in enumerate([[(2, 1)], [], [], [(2, 1), (6, 4)]]):
        name = f"{index}.png"
        assert cv2.imwrite(str(folder / "images" / name), scene(*cells, scale=SCALE))
        size = {"width": 64 * SCALE, "height": 48 * SCALE}
        images.append({"id": index, "file_name": name, **size})
        seen = 0.5 if index == 2 else 1.0
        entry = {"id": index + 1, "image_id": index, "bbox": bbox, "visible_ratio": seen}
        people.append(entry)
    return write_coco(folder, images, people)


def counts(out: str) -> dict[tuple[str, str], int]:
    document = json.loads(out.rstrip("\n").rsplit("\n", 1)[-1])
    return {(one["kind"], one["cause"]): one["count"] for one in document["causes"] if one["count"]}


EXPECTED = {("miss", "dark or pale"): 1, ("miss", "occluded"): 1, ("false alarm", "background"): 1}


def test_each_error_has_a_cause_and_each_cause_a_gain(run: Run, street: Path) -> None:
    code, out, _ = run(street, "--json")
    assert code == 0
    assert counts(out) == EXPECTED
    assert "4 images, 4 people; threshold 0.5: 2 missed, 1 false alarms" in out
    document = json.loads(out.splitlines()[-1])
    assert document["schema"] == "belisha-errors-1"
    gain = {one["cause"]: one["ap50_given_back"] for one in document["causes"]}
    assert gain["occluded"]["value"] > 0.1
    assert gain["too small"] is None
    assert [error["image"] for error in document["errors"]] == ["1.png", "2.png", "3.png"]
    assert "not seen" in out


def test_the_page_shows_close_ups_of_every_cause(run: Run, street: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    code, text, _ = run(street, "--out", out, "--json")
    assert code == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "errors.html",
        "errors.json",
        "false_alarm_background.jpg",
        "miss_dark_or_pale.jpg",
        "miss_occluded.jpg",
    ]
    assert cv2.imread(str(out / "miss_occluded.jpg")).shape == (60 + 310, 1360, 3)
    page = (out / "errors.html").read_text()
    assert page.count("data:image/jpeg") == 3
    for words in ("Miss: occluded", "False alarm: background", "AP50 if mended", "Mending would"):
        assert words in page
    assert json.loads((out / "errors.json").read_text()) == json.loads(text.splitlines()[-1])


def test_several_data_sets_are_looked_at_together(run: Run, street: Path) -> None:
    _, out, _ = run(street, street, "--json")
    assert counts(out) == {cause: 2 * count for cause, count in EXPECTED.items()}


def test_a_second_detector_is_asked_about_false_alarms(run: Run, toy: Bundle, street: Path) -> None:
    """The same toy sees the same light."""
    _, out, _ = run(street, "--second", toy.path, "--json")
    assert counts(out)["false alarm", "drawn by nobody"] == 1
    assert ("false alarm", "background") not in counts(out)


def test_at_another_threshold_there_are_other_errors(run: Run, street: Path) -> None:
    _, out, _ = run(street, "--threshold", 0.999, "--json")
    assert ("false alarm", "background") not in counts(out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--most", 0], "expected --most of at least 1, got 0"),
        (["--threshold", 1.5], "expected a threshold between 0 and 1, got 1.5"),
        (["--split", "validation"], "only stores have versions and splits"),
        (["--resamples", -1], "expected at least 0 resamples, got -1"),
        (["--out", __file__], "expected a folder that can be written"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_was_expected(
    run: Run, street: Path, options: list[object], message: str
) -> None:
    code, _, err = run(street, *options)
    assert (code, message in err) == (2, True), err
