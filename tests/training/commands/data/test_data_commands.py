"""`python -m training data ...` as a user meets it, from data sets to shards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from belisha.cli.dispatch import dispatch
from tests.training.data.annotated import WRITERS
from training.__main__ import COMMANDS
from training.data.store import Store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Call a command of `data` on a store of its own; gives exit code, stdout, stderr."""

    def call(name: str, *arguments: object) -> tuple[int, str, str]:
        line = ["data", name, *map(str, arguments), "--store", str(tmp_path / "store")]
        code = dispatch("python -m training", "", COMMANDS, line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    """Version v1: a night in COCO, taken in with a licence."""
    folder = WRITERS["coco"](tmp_path / "street")
    options = ("--licence", "CC0", "--condition", "light={time}", "--reason", "first")
    assert run("ingest", folder, *options)[0] == 0
    return run


def last_json(out: str) -> Any:
    """The document on the last line."""
    return json.loads(out.rstrip("\n").rsplit("\n", 1)[-1])


def test_ingest_tells_what_was_mapped_and_dropped(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("ingest", WRITERS["coco"](tmp_path / "street"), "--json")
    assert code == 0
    assert "street: 2 images, 1 people, 1 don't care" in out
    assert "don't care       1  label 'rider': rider  (first: " in out
    assert "version v1 (new): 2 images, 1 people" in out
    document = last_json(out)
    assert (document["is_new"], document["version"]["name"]) == (True, "v1")
    assert document["sources"][0]["findings"][0]["count"] == 1


def test_ingest_again_says_that_nothing_changed(filled: Run, tmp_path: Path) -> None:
    options = ("--licence", "CC0", "--condition", "light={time}")
    _, out, _ = filled("ingest", tmp_path / "street", *options)
    assert "version v1 (nothing changed)" in out


def test_ingest_of_a_plan_takes_several_sources(run: Run, tmp_path: Path) -> None:
    for form in ("coco", "voc"):
        WRITERS[form](tmp_path / "data" / form)
    plan = tmp_path / "plan.yaml"
    sources = "[{name: one, path: coco}, {name: two, path: voc, format: voc}]"
    plan.write_text(f"data: elsewhere\nsources: {sources}\n")
    code, out, _ = run("ingest", plan, "--data", tmp_path / "data")
    assert code == 0
    assert "version v1 (new): 4 images" in out


def test_ingest_with_a_broken_image_does_the_rest_and_exits_1(run: Run, tmp_path: Path) -> None:
    folder = WRITERS["coco"](tmp_path / "street")
    (folder / "images" / "b.png").write_bytes(b"junk")
    code, out, _ = run("ingest", folder)
    assert code == 1
    assert "1 IMAGES BROKEN" in out
    assert "version v1 (new): 1 images" in out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--label", "rider=ignore"], 2, "labels"),
        (["--condition", "night"], 2, "--condition: expected KEY=VALUE, got 'night'"),
        (["--sequence", "{drive}"], 2, "no image has {drive}"),
        (["--threads", "0"], 2, "expected --threads of at least 1"),
        (["--format", "voc"], 1, "expected files of .xml, found none"),
    ],
)
def test_ingest_of_what_makes_no_sense_is_refused(
    run: Run, tmp_path: Path, options: list[str], code: int, message: str
) -> None:
    got, _, err = run("ingest", WRITERS["coco"](tmp_path / "street"), *options)
    assert (got, message in err) == (code, True), err


def test_versions_show_and_query_tell_what_there_is(filled: Run) -> None:
    _, out, _ = filled("versions")
    assert out.startswith("v1  ")
    assert out.rstrip().endswith("first")
    _, out, _ = filled("show", "--json")
    assert "light: dusk 1, unknown 1" in out
    assert "label 'rider': rider" in out
    assert last_json(out)["counts"]["source"] == {"street": 2}
    _, out, _ = filled("query", "--where", "light=dusk", "--list", "--json")
    assert last_json(out)["images"] == 1
    assert Path(last_json(out)["listed"][0]["path"]).is_file()
    code, _, err = filled("query", "--where", "lux=3")
    assert (code, "no image of v1 has 'lux'" in err) == (2, True)


def test_diff_names_what_changed(filled: Run, tmp_path: Path) -> None:
    WRITERS["yolo"](tmp_path / "more")
    filled("ingest", tmp_path / "more", "--format", "yolo", "--version", "v2")
    _, out, _ = filled("diff", "v1", "v2", "--json")
    assert "added          2  more/a.png, more/b.png" in out
    assert last_json(out)["removed"] == []


def test_check_finds_a_picture_that_was_edited_in_place(filled: Run, tmp_path: Path) -> None:
    assert filled("check")[0] == 0
    with (tmp_path / "street" / "images" / "a.png").open("ab") as file:
        file.write(b"edited")
    code, out, _ = filled("check")
    assert (code, "damaged or absent: street/a.png" in out) == (1, True)


@pytest.mark.parametrize(("form", "file"), [("coco", "annotations.json"), ("yolo", "data.yaml")])
def test_export_writes_what_others_read(filled: Run, tmp_path: Path, form: str, file: str) -> None:
    code, out, _ = filled("export", "--to", form, "--out", tmp_path / "out")
    assert code == 0
    assert "2 images of version v1" in out
    assert (tmp_path / "out" / file).is_file()
    assert (tmp_path / "out" / "images" / "street" / "a.png").is_file()
    assert filled("export", "--to", form, "--out", tmp_path / "out")[0] == 2


def test_shards_are_written_and_received(filled: Run, tmp_path: Path) -> None:
    code, out, _ = filled("shards", "--out", tmp_path / "shards", "--json")
    assert code == 0
    with Store.open(tmp_path / "store") as store:
        assert last_json(out)["fingerprint"] == store.version("v1").fingerprint
    _, out, _ = filled("receive", tmp_path / "shards", "--version", "moved")
    assert "version moved: 2 images" in out


def test_cache_and_speed(filled: Run, tmp_path: Path) -> None:
    _, out, _ = filled("cache", "--json")
    assert last_json(out)["pictures"] == 2
    _, out, _ = filled("speed", "--limit", 2, "--rounds", 1, "--json")
    assert [one["way"] for one in last_json(out)] == ["files", "shards", "cache"]
    assert all(one["images"] == 2 for one in last_json(out))
    left = {path.name for path in (tmp_path / "store").iterdir()}
    assert not any(name.startswith("tmp") for name in left), "shards for the measurement are gone"


def test_growth_prints_a_table_with_slopes(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["data", "growth", "--rows", "1000", "2000", "--json"]
    assert dispatch("python -m training", "", COMMANDS, line) == 0
    document = last_json(capsys.readouterr().out)
    assert [cost["rows"] for cost in document["costs"]] == [1000, 2000]
    assert document["slopes"].keys() >= {"ingest", "count", "add"}


def test_a_store_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    for name in ("versions", "show", "query", "check", "cache", "speed"):
        code, _, err = run(name)
        assert (code, "expected a store" in err) == (1, True), name
    assert not (tmp_path / "store").exists()
