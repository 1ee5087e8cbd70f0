"""`python -m training evaluate` as a user meets it, with the toy that finds bright cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        line = ["evaluate", *map(str, arguments), "--bundle", str(toy.path)]
        code = dispatch("python -m training", "", COMMANDS, line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """30 pictures with a person each; the toy finds those of `day`, and one who is not there."""
    folder = tmp_path / "street"
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, object]] = []
    people: list[dict[str, object]] = []
    for index in range(30):
        day = index % 3 > 0
        white = [(2, 1)] if day else [(6, 4)] if index == 0 else []
        name = f"{index:02}.png"
        assert cv2.imwrite(str(folder / "images" / name), scene(*white, scale=SCALE))
        size = {"width": 64 * SCALE, "height": 48 * SCALE}
        time = "day" if day else "night"
        images.append({"id": index, "file_name": name, "time": time, **size})
        left, top, right, bottom = cell_box(2, 1, SCALE)
        bbox = [left, top, right - left, bottom - top]
        people.append({"id": index + 1, "image_id": index, "bbox": bbox})
    return write_coco(folder, images, people)


def last_json(out: str) -> Any:
    """The document on the last line."""
    return json.loads(out.rstrip("\n").rsplit("\n", 1)[-1])


def values(document: Any, *names: str) -> list[float | None]:
    """Figures of the first row, people of all heights."""
    return [document["results"][0][name]["value"] for name in names]


def test_prints_a_table_by_height_and_one_json_document(run: Run, street: Path) -> None:
    code, out, _ = run(street, "--json")
    assert code == 0
    for heading in ("AP50", "AP50-95", "MR-2", "precision", "recall", ">= 50 px"):
        assert heading in out
    document = last_json(out)
    assert document["schema"] == "belisha-evaluation-1"
    assert document["threshold"] == 0.5, "the bundle's"
    assert document["detector"]["name"] == "toy"
    assert document["detector"]["least_score"] == 0.01
    assert [result["people"] for result in document["results"]] == [30, 30, 30, 0]
    assert values(document, "recall", "precision") == pytest.approx([20 / 30, 20 / 21])
    ap50 = document["results"][0]["ap50"]
    assert ap50["low"] < ap50["value"] < ap50["high"]


def test_where_and_limit_choose_the_images(run: Run, street: Path) -> None:
    _, out, _ = run(street, "--where", "time=day", "file_name!=01*", "--json")
    assert last_json(out)["dataset"]["images"] == 19
    assert values(last_json(out), "recall", "precision") == [1, 1]
    _, out, _ = run(street, "--limit", 5, "--json")
    assert last_json(out)["dataset"]["images"] == 5
    assert "(5 of 30 images)" in out


def test_threshold_resamples_seed_and_group_are_heeded(run: Run, street: Path) -> None:
    options = ("--threshold", 0.2, "--resamples", 30, "--seed", 3, "--group", "time", "--json")
    _, out, _ = run(street, *options)
    document = last_json(out)
    assert document["threshold"] == 0.2
    expected = {"resamples": 30, "seed": 3, "drawn": "time"}
    assert document["intervals"].items() >= expected.items()


def test_out_gets_the_document_the_curves_and_the_worst_images(
    run: Run, street: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    code, text, _ = run(street, "--out", out, "--worst", 4, "--json")
    assert code == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "evaluation.json",
        "precision_recall.png",
        "reliability.svg",
        "worst.jpg",
    ]
    assert json.loads((out / "evaluation.json").read_text()) == last_json(text)
    assert cv2.imread(str(out / "precision_recall.png")) is not None
    height = cv2.imread(str(out / "worst.jpg")).shape[0]
    assert height == 78 + 2 * (480 + 52 + 12), "four images in rows of three"


def test_other_thresholds_and_the_truth_of_scores_are_told(run: Run, street: Path) -> None:
    code, out, _ = run(street, "--threshold", 0.33, "--json")
    assert code == 0
    assert "0.33 <" in out
    document = last_json(out)
    thresholds = [row["threshold"] for row in document["thresholds"]]
    assert thresholds == sorted(thresholds)
    assert 0.33 in thresholds
    assert document["scores"]["ece"]["value"] > 0
    assert document["scores"]["cross_fitted"]["ece"] is None, "it has one false alarm"
    assert "no calibration can be tried crosswise here" in out


@pytest.mark.parametrize(("rate", "alarms"), [(0.05, 1 / 30), (0.01, 0)])
def test_a_rate_finds_its_threshold(run: Run, street: Path, rate: float, alarms: float) -> None:
    code, out, _ = run(street, "--false-positives-per-image", rate, "--json")
    assert code == 0
    assert values(last_json(out), "false_positives_per_image") == [pytest.approx(alarms)]


def test_a_data_set_without_people_is_measured_all_the_same(
    run: Run, street: Path, tmp_path: Path
) -> None:
    document = json.loads((street / "annotations.json").read_text())
    write_coco(street, document["images"], [])
    code, out, _ = run(street, "--out", tmp_path / "report", "--json")
    assert code == 0
    assert values(last_json(out), "ap50", "miss_rate", "recall") == [None] * 3
    assert values(last_json(out), "false_positives_per_image") == [pytest.approx(21 / 30)]


def test_nothing_is_written_when_a_picture_is_missing(
    run: Run, street: Path, tmp_path: Path
) -> None:
    (street / "images" / "07.png").unlink()
    code, _, err = run(street, "--out", tmp_path / "report")
    assert code == 1
    assert "07.png" in err
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "weather=fog"], "no image of street has 'weather'"),
        (["--limit", 0], "expected --limit of at least 1, got 0"),
        (["--worst", 0], "expected --worst of at least 1, got 0"),
        (["--resamples", -1], "expected at least 0 resamples, got -1"),
        (["--false-positives-per-image", 0], "expected more than 0 false positives per image"),
        (["--false-positives-per-image", 1, "--split", "test"], "nothing is chosen on the sealed"),
        (["--threshold", 1.5], "expected a threshold from 0.01 to below 1, got 1.5"),
        (["--threshold", 0.001], "expected a threshold from 0.01 to below 1, got 0.001"),
        (["--group", "drive"], "expected an attribute 'drive' in every image"),
        (["--engine", "abacus"], "got 'abacus'"),
        (["--out", __file__], "expected a folder that can be written"),
        (["--out", f"{__file__}/report"], "expected a folder that can be written"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_was_expected(
    run: Run, street: Path, options: list[object], message: str
) -> None:
    code, _, err = run(street, *options)
    assert (code, message in err) == (2, True), err


def test_an_absent_data_set_exits_1_and_is_named(run: Run, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "nowhere")
    assert code == 1
    assert "nowhere: cannot be read" in err
