"""From a folder of pictures to a sealed test set, as somebody would go, with the toy detector."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from belisha.errors import DatasetError
from tests.toy import STRIDE, cell_box
from tests.training.evaluation.truth import write_coco
from training.__main__ import COMMANDS
from training.data.seal import Seal
from training.data.store import Store

SCALE = 4
DRIVES, FRAMES = 20, 3

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], store: Path) -> Run:
    """Call a command in this process, with the store; gives exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        where = [] if arguments[0] == "evaluate" else ["--store", store]
        line = [str(argument) for argument in (*arguments, *where)]
        code = dispatch("python -m training", "", COMMANDS, line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def draw(folder: Path, drives: range) -> Path:
    """Drives of three frames each, with a person whom the toy finds."""
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, object]] = []
    people: list[dict[str, object]] = []
    for drive in drives:
        generator = np.random.default_rng(drive)
        texture = cv2.resize(
            generator.integers(0, 120, (12, 16, 3)).astype(np.uint8), (64 * SCALE, 48 * SCALE)
        )
        for frame in range(FRAMES):
            column, row = 1 + frame, 1 + drive % 4
            image = texture.copy()
            side = STRIDE * SCALE
            image[row * side : (row + 1) * side, column * side : (column + 1) * side] = 255
            name = f"{drive:02}_{frame}.png"
            assert cv2.imwrite(str(folder / "images" / name), image)
            size = {"width": 64 * SCALE, "height": 48 * SCALE}
            images.append({"id": len(images), "file_name": name, "sequence": f"{drive:02}", **size})
            left, top, right, bottom = cell_box(column, row, SCALE)
            bbox = [left, top, right - left, bottom - top]
            people.append({"id": len(people) + 1, "image_id": len(images) - 1, "bbox": bbox})
    return write_coco(folder, images, people)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def split(run: Run, tmp_path: Path) -> Run:
    """A store with one version that has been split."""
    folder = draw(tmp_path / "street", range(DRIVES))
    assert run("data", "ingest", folder, "--condition", "light=day")[0] == 0
    assert run("data", "split")[0] == 0
    return run


def last_json(out: str) -> Any:
    return json.loads(out.rstrip("\n").rsplit("\n", 1)[-1])


def test_the_split_is_told_and_assigned_once(split: Run, store: Path) -> None:
    code, out, _ = split("data", "split", "--json")
    assert code == 0, "the same again changes nothing"
    document = last_json(out)
    assert document["images"] == {"train": 48, "validation": 6, "test": 6, "quarantine": 0}
    assert document["worst"]["deviation"] < 5
    assert "worst deviation" in out
    code, _, err = split("data", "split", "--seed", "7")
    assert (code, "has a split already" in err) == (1, True)
    assert split("data", "leaks")[0] == 0


def test_training_cannot_read_what_is_sealed(split: Run, store: Path) -> None:
    with Store.open(store) as opened:
        version = opened.version()
        with pytest.raises(DatasetError, match="sealed: expected a permit"):
            version.dataset("test")
        splits = {sample.attributes["split"] for sample in version.dataset().samples}
        assert splits == {"train", "validation"}
    assert Seal(store).entries() == ()


def test_a_look_at_test_needs_a_name_and_a_reason_and_is_logged_with_its_figures(
    split: Run, store: Path, toy: Bundle
) -> None:
    line = ("evaluate", store, "--bundle", toy.path, "--resamples", 20)
    code, out, _ = split(*line, "--json")
    assert (code, last_json(out)["dataset"]["images"]) == (0, 6), "validation is free"
    code, _, err = split(*line, "--split", "test", "--who", "Ada")
    assert (code, "expected --reason" in err) == (2, True)
    assert Seal(store).entries() == ()
    code, out, _ = split(*line, "--split", "test", "--who", "Ada", "--reason", "ship", "--json")
    assert code == 0
    document = last_json(out)
    assert document["seal"]["opening"] == 1
    assert not document["seal"]["spent"]
    opened, measured = Seal(store).entries()
    assert (opened.who, opened.reason, opened.model) == ("Ada", "ship", "toy")
    assert opened.model_digest == toy.digest
    assert measured.figures["all: ap50"] == document["results"][0]["ap50"]["value"] == 1
    assert document["seal"]["head"] == measured.digest
    code, out, _ = split("data", "seal", "--head", measured.digest[:16])
    assert (code, "look 1 of 20 by Ada: ship" in out) == (0, True)
    code, _, err = split("data", "seal", "--head", "abcdef")
    assert (code, "the seal is broken" in err) == (1, True)


def test_after_the_limit_figures_are_marked_spent_everywhere_and_new_drives_renew_it(
    split: Run, store: Path, toy: Bundle, tmp_path: Path
) -> None:
    line = ("evaluate", store, "--bundle", toy.path, "--split", "test", "--who", "Ada")
    options = ("--reason", "ship", "--resamples", 0, "--openings", 1, "--json")
    split(*line, *options)
    _, out, _ = split(*line, *options)
    document = last_json(out)
    assert document["seal"]["spent"]
    assert "SPENT" in document["dataset"]["name"]
    assert "SPENT" in out.splitlines()[1]
    assert "SPENT" in split("data", "seal")[1]
    page = tmp_path / "data.html"
    assert split("data", "report", "--out", page)[0] == 0
    assert "SPENT" in page.read_text()
    code, out, _ = split("data", "refresh-test")
    assert "that is too few: record new drives" in out
    more = draw(tmp_path / "more", range(DRIVES, DRIVES + 4))
    assert split("data", "ingest", more, "--condition", "light=day")[0] == 0
    renew = ("data", "refresh-test", "--apply", "--who", "Ada", "--reason", "spent", "--json")
    code, out, _ = split(*renew)
    assert (code, last_json(out)["fresh"]) == (0, 12)
    assert Seal(store).state().openings == 0
    with Store.open(store) as opened:
        splits = opened.version().splits()
    assert sum(where == "test" for where in splits.values()) == 12
    assert sum(where == "train" for where in splits.values()) == 54


def test_coverage_calibration_and_diagnosis_tell_in_words(split: Run, toy: Bundle) -> None:
    code, out, _ = split("data", "coverage", "--json")
    assert code == 0
    assert "light=night: no image of any split is known to be so" in out
    assert last_json(out)["people"] == {"train": 48, "validation": 6, "test": 6}
    code, out, _ = split("data", "calibration", "--count", "5", "--json")
    assert (code, len(last_json(out)["frames"])) == (0, 5)
    code, out, _ = split("data", "diagnose", "--bundle", toy.path)
    assert code == 0
    assert "everything: not enough data (6 people, 20 are needed)" in out


def test_the_page_shows_no_picture_of_the_test_split(split: Run, tmp_path: Path) -> None:
    page = tmp_path / "data.html"
    assert split("data", "report", "--out", page)[0] == 0
    text = page.read_text()
    for heading in ("The split", "What is missing", "Near-duplicates", "Looks at the test split"):
        assert heading in text
    assert "train: 9 of 48 images" in text
    assert "test: " not in text.replace("Looks at the test split", "")


def test_a_panel_goes_out_and_comes_back_and_stands_beside_the_model(
    split: Run, tmp_path: Path, toy: Bundle
) -> None:
    out = tmp_path / "panel"
    names = ("ada", "ben", "cem")
    code, _, _ = split(
        "data", "tasks", "--count", 8, "--bundle", toy.path, "--annotators", *names, "--out", out
    )
    assert code == 0
    answers = out / "answers"
    answers.mkdir()
    for name in names:
        (answers / f"{name}.xml").write_bytes((out / name / "annotations.xml").read_bytes())
    agreed = out / "agreed"
    consensus = ["data", "consensus", answers, "--images", out / "images", "--out", agreed]
    code = dispatch("python -m training", "", COMMANDS, [str(part) for part in consensus])
    assert code == 0
    line = ("evaluate", agreed, "--bundle", toy.path, "--humans", agreed / "humans.json")
    code, text, _ = split(*line, "--resamples", 20, "--json")
    assert code == 0
    document = last_json(text)
    assert document["beside_humans"]["images"] == 8
    assert document["beside_humans"]["detector"]["value"] == 0
    assert document["beside_humans"]["humans"]["value"] == 0
    assert "people: miss rate" in text


def test_the_panel_check_says_that_nobody_real_drew_anything() -> None:
    assert dispatch("python -m training", "", COMMANDS, ["data", "panel-check"]) == 0
