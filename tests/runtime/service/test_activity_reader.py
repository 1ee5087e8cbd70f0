"""Who changes an activity log is found out; who rewrites all of it, by a head kept elsewhere."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belisha.errors import LogError, UsageError
from belisha.service.activity_entries import BEGIN, Head, Row, chained
from belisha.service.activity_reader import Verifier, count_rows, exported, read_rows, verify
from tests.runtime.service.logs import write_log

Tamper = Callable[[sqlite3.Connection], object]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 22 entries that nobody touches."""
    return write_log(tmp_path_factory.mktemp("log") / "a.db")


def copied(good: Path, tmp_path: Path, tamper: Tamper) -> Path:
    path = tmp_path / "a.db"
    path.write_bytes(good.read_bytes())
    with sqlite3.connect(path) as database:
        tamper(database)
    database.close()
    return path


def rewrite(rows: list[Row]) -> list[Row]:
    """What a forger with a computer does: a new chain over changed bodies."""
    digest, out = BEGIN, []
    for seq, row in enumerate(rows, 1):
        digest = chained(digest, seq, row.body)
        out.append(Row(seq, row.body, digest))
    return out


def verdict(rows: list[Row], *heads: Head) -> tuple[str, ...]:
    verifier = Verifier(heads)
    for row in rows:
        verifier.take(row)
    return verifier.result().problems


def test_a_log_that_nobody_touched_is_whole(good: Path) -> None:
    found = verify(good)
    assert (found.first, found.last, found.seconds, found.events) == (1, 22, 20, 2)
    assert found.whole
    assert verify(good, [found.head]).doubts == ()


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (
            "UPDATE log SET body = replace(body, '29', '30') WHERE seq = 7",
            "entry 7: it was changed",
        ),
        ("DELETE FROM log WHERE seq = 7", "entry 8: it was changed, or entries before it"),
        ("DELETE FROM log WHERE seq = 1", "entry 2 is the first, and no checkpoint says"),
        ("UPDATE log SET digest = zeroblob(32) WHERE seq = 7", "entry 7"),
        ("INSERT INTO log VALUES (23, '{}', zeroblob(32))", "entry 23"),
        ("UPDATE log SET body = x'00' WHERE seq = 7", "entry 7 is not of the form of this log"),
    ],
)
def test_each_kind_of_change_is_found_and_named(
    good: Path, tmp_path: Path, tamper: str, words: str
) -> None:
    found = verify(copied(good, tmp_path, lambda database: database.execute(tamper)))
    assert not found.whole
    assert words in found.problems[0]


@given(st.integers(0, 21), st.integers(0, 21))
def test_entries_cannot_change_places(good: Path, first: int, second: int) -> None:
    rows = list(read_rows(good))
    bodies = [row.body for row in rows]
    bodies[first], bodies[second] = bodies[second], bodies[first]
    changed = [Row(row.seq, body, row.digest) for row, body in zip(rows, bodies, strict=True)]
    assert bool(verdict(changed)) == (first != second)


def test_a_missing_end_and_a_new_chain_are_told_by_a_head_from_elsewhere(good: Path) -> None:
    rows = list(read_rows(good))
    head = Head(rows[-1].seq, rows[-1].digest)
    assert verdict(rows[:-3]) == ()
    assert "entries are missing at the end" in verdict(rows[:-3], head)[0]
    forged = rewrite([Row(row.seq, row.body.replace("gone", "fine"), b"") for row in rows])
    assert verdict(forged) == ()
    assert "the log was rewritten" in verdict(forged, head)[0]


def test_a_head_of_a_deleted_entry_decides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    early = verify(write_log(path, 900, limit_bytes=1_000_000)).head
    for _ in range(4):
        write_log(path, 900, limit_bytes=1_000_000)
    found = verify(path, [early])
    assert found.whole
    assert "its entry was deleted" in found.doubts[0]


def test_an_export_carries_the_chain(good: Path, tmp_path: Path) -> None:
    lines = [exported(row) for row in read_rows(good)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + "\n")
    assert verify(path) == verify(good)
    changed = json.loads(lines[6])
    changed["entry"]["people"] = 77
    path.write_text("\n".join([*lines[:6], json.dumps(changed), *lines[7:]]))
    assert "entry 7: it was changed" in verify(path).problems[0]


def test_later_entries_alone_can_be_read(good: Path) -> None:
    assert [row.seq for row in read_rows(good, after=19)] == [20, 21, 22]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\xff\xfe",
        b"{}",
        b"[]",
        b'{"seq": 1, "digest": "zz", "entry": {}}',
        b'{"seq": -1, "digest": "", "entry": {}}',
        b'{"seq": 1, "digest": "", "entry": []}',
        b"x" * 70_000,
        b"SQLite format 3\0" + b"rubbish" * 100,
    ],
)
def test_a_file_that_is_no_log_is_refused_in_words(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(rubbish)
    with pytest.raises(LogError, match=str(path)):
        verify(path)


@settings(max_examples=60)
@given(st.data())
def test_a_flipped_byte_is_found_or_does_not_matter(good: Path, data: st.DataObject) -> None:
    whole, content = verify(good), bytearray(good.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = good.with_name("flipped.db")
    path.write_bytes(content)
    try:
        assert count_rows(path) != 0
        found = verify(path)
    except LogError:
        return
    assert found == whole or not found.whole


def test_another_database_and_an_absent_file_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "photos.db") as database:
        database.execute("CREATE TABLE photos (name TEXT)")
    database.close()
    with pytest.raises(LogError, match="another database"):
        verify(tmp_path / "photos.db")
    with pytest.raises(LogError, match="cannot be read: No such file"):
        verify(tmp_path / "absent")


def test_damage_in_the_middle_ends_the_reading_and_is_a_problem(good: Path, tmp_path: Path) -> None:
    lines = [exported(row) for row in read_rows(good)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*lines[:10], "torn"]))
    found = verify(path)
    assert found.last == 10
    assert "expected a line of 'belisha log export'" in found.problems[0]


@pytest.mark.parametrize("text", ["", "5", "5:xyz", "-1:" + "0" * 64, "5:" + "A" * 64])
def test_a_head_is_a_number_and_a_digest(text: str) -> None:
    with pytest.raises(UsageError, match="expected a head such as"):
        Head.parse(text)
