"""`belisha log` as a user meets it."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from belisha.cli import COMMANDS, DESCRIPTION
from belisha.cli.dispatch import dispatch
from tests.runtime.service.logs import write_log


def log(*arguments: object) -> int:
    return dispatch("belisha", DESCRIPTION, COMMANDS, ["log", *map(str, arguments)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_log(tmp_path / "activity.db", 30, anchor=tmp_path / "head")


def test_a_whole_log_is_verified_against_its_anchor(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log("verify", path, "--anchor", path.with_name("head"), "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "the chain is whole from entry 1 to 32: 30 seconds, 2 events"
    assert lines[1] == "head " + path.with_name("head").read_text().strip()
    assert json.loads(lines[-1])["whole"] is True


def test_a_changed_log_fails_in_every_command(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE log SET body = replace(body, 'gone', 'fine')")
    database.close()
    assert log("verify", path) == 1
    assert log("stats", path) == 1
    assert log("export", path, "--out", path.with_name("a.jsonl")) == 1
    assert capsys.readouterr().out.count("cannot be trusted: entry 32: it was changed") == 3


def test_an_export_is_a_log_again(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = path.with_name("a.jsonl")
    assert log("export", path, "--out", out) == 0
    assert len(out.read_text().splitlines()) == 32
    assert log("verify", out, "--anchor", path.with_name("head")) == 0
    assert log("stats", out) == 0
    assert "written: 32 entries" in capsys.readouterr().out


def test_seconds_become_a_table_for_a_spreadsheet(path: Path) -> None:
    out = path.with_name("a.csv")
    assert log("export", path, "--out", out, "--since", "2026-11-24 12:00:11") == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == 20
    assert rows[0]["utc"] == "2026-11-24T12:00:11.000+00:00"
    assert (rows[0]["processed"], rows[0]["hottest_c"]) == ("29", "")


def test_events_alone_can_be_had(path: Path) -> None:
    out = path.with_name("a.jsonl")
    assert log("export", path, "--out", out, "--events") == 0
    assert [json.loads(line)["entry"]["kind"] for line in out.read_text().splitlines()] == [
        "event",
        "event",
    ]


def test_statistics_are_a_table_a_document_and_a_page(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = path.with_name("page.html")
    assert log("stats", path, "--by", "bundle", "--html", page, "--json") == 0
    printed = capsys.readouterr().out
    assert "belisha-small 0123456789ab       30     870" in printed
    assert "1 x alarm: camera" in printed
    document = json.loads(printed.splitlines()[-1])
    assert document["groups"]["all"]["p99_ms"] == 3.98
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "LOG", "--out", "LOG"], "is the log itself"),
        (["export", "LOG", "--out", "a.txt"], "expected --out to end in .jsonl or .csv"),
        (["export", "LOG", "--out", "a.csv", "--events"], "do not fit into the columns"),
        (["verify", "LOG", "--head", "nonsense"], "expected a head such as"),
        (["stats", "LOG", "--html", "LOG"], "is the log itself"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log(*(str(path) if one == "LOG" else one for one in arguments)) == 2
    assert words in capsys.readouterr().err
    assert log("verify", path) == 0


def test_a_time_is_read_or_explained(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        log("stats", path, "--since", "yesterday")
    assert "expected a time such as 2026-11-24" in capsys.readouterr().err


def test_a_picture_is_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
    assert log("verify", tmp_path / "a.png") == 1
    assert "expected a line of 'belisha log export'" in capsys.readouterr().err
