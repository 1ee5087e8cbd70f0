"""The seal: looks are logged first, counted, chained, and nobody trains on what it guards."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from belisha.errors import DatasetError, UsageError
from training.data.seal import Entry, Opening, Permit, Seal

OPENING = Opening(
    who="Ada",
    reason="release 1",
    model="small",
    model_digest="m" * 64,
    version="v1",
    fingerprint="f" * 64,
)


def look(folder: Path, times: int = 1, limit: int | None = None) -> Permit:
    """Open the seal and note figures, so many times; gives the last permit."""
    seal = Seal(folder, limit)
    for number in range(times):
        permit = seal.open(OPENING)
        seal.measured(permit, {"ap50": 0.1 * number, "miss_rate": None})
    return permit


def test_a_look_is_in_the_log_before_the_permit_exists(tmp_path: Path) -> None:
    permit = Seal(tmp_path).open(OPENING)
    (entry,) = Seal(tmp_path).entries()
    assert entry == permit.entry
    assert (entry.kind, entry.who, entry.reason, entry.model) == (
        "opened",
        "Ada",
        "release 1",
        "small",
    )
    assert permit.fingerprint == OPENING.fingerprint
    assert Seal(tmp_path).state().openings == 1, "though no figures have come of it"


def test_the_figures_follow_with_the_number_of_their_look(tmp_path: Path) -> None:
    look(tmp_path, 2)
    kinds = [(entry.kind, entry.opening, entry.figures) for entry in Seal(tmp_path).entries()]
    assert kinds == [
        ("opened", 1, {}),
        ("measured", 1, {"ap50": 0.0, "miss_rate": None}),
        ("opened", 2, {}),
        ("measured", 2, {"ap50": 0.1, "miss_rate": None}),
    ]


@pytest.mark.parametrize("missing", ["who", "reason"])
def test_nobody_looks_without_a_name_and_a_reason(tmp_path: Path, missing: str) -> None:
    with pytest.raises(UsageError, match=f"sealed: expected --{missing}"):
        Seal(tmp_path).open(dataclasses.replace(OPENING, **{missing: "  "}))
    assert Seal(tmp_path).entries() == ()


def test_after_the_limit_it_is_spent_and_says_so_and_a_new_set_counts_anew(tmp_path: Path) -> None:
    assert not look(tmp_path, 3, limit=3).state.spent
    permit = look(tmp_path)
    assert permit.state.spent, "the limit stays what it was said to be"
    assert "SPENT" in str(permit.state)
    assert "refresh-test" in str(permit.state)
    state = Seal(tmp_path).renew("Ada", "new drives", "v2", "g" * 64)
    assert (state.openings, state.spent) == (0, False)
    assert look(tmp_path).entry.opening == 1


def test_the_default_is_twenty_looks(tmp_path: Path) -> None:
    assert Seal(tmp_path).state().limit == 20
    with pytest.raises(UsageError, match="expected at least 1 opening"):
        Seal(tmp_path, 0)


def change(lines: list[str], number: int, **fields: object) -> list[str]:
    """The lines, some fields of one changed."""
    entry = json.loads(lines[number]) | fields
    return [*lines[:number], json.dumps(entry, sort_keys=True), *lines[number + 1 :]]


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda lines: change(lines, 1, figures={"ap50": 0.9}), "a line was changed"),
        (lambda lines: change(lines, 0, who="Eve"), "a line was changed"),
        (lambda lines: change(lines, 3, reason="none"), "lines are missing"),
        (lambda lines: lines[:1] + lines[2:], "changed, dropped or inserted"),
        (lambda lines: lines[:2], "lines are missing"),
        (lambda lines: [], "lines are missing"),
        (lambda lines: [*lines, lines[-1]], "changed, dropped or inserted"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "changed, dropped or inserted"),
        (lambda lines: [*lines[:3], lines[3][:-20]], "not valid JSON"),
        (lambda lines: change(lines, 3, glance=1), "unknown key 'glance'"),
    ],
)
def test_tampering_breaks_the_seal_and_nothing_opens(
    tmp_path: Path, tamper: object, message: str
) -> None:
    look(tmp_path, 2)
    log = tmp_path / "seal.jsonl"
    lines = tamper(log.read_text().splitlines())
    log.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(DatasetError, match=message):
        Seal(tmp_path).entries()
    with pytest.raises(DatasetError, match="the seal is broken"):
        Seal(tmp_path).open(OPENING)


def test_a_kill_between_log_and_head_loses_nothing(tmp_path: Path) -> None:
    look(tmp_path, 1)
    head = (tmp_path / "seal.head").read_text()
    permit = Seal(tmp_path).open(OPENING)
    (tmp_path / "seal.head").write_text(head)
    assert Seal(tmp_path).state().openings == 2
    assert Seal(tmp_path).measured(permit, {}).openings == 2


def test_a_log_that_cannot_be_written_keeps_the_seal_shut(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be written"):
        Seal(tmp_path / "nowhere").open(OPENING)


def test_a_permit_of_another_log_is_a_bug(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    permit = look(tmp_path / "other")
    with pytest.raises(RuntimeError, match="not from this log"):
        Seal(tmp_path).measured(permit, {})


def test_lines_are_one_json_document_each(tmp_path: Path) -> None:
    look(tmp_path)
    names = {field.name for field in dataclasses.fields(Entry)}
    for line in (tmp_path / "seal.jsonl").read_text().splitlines():
        assert json.loads(line).keys() == names
