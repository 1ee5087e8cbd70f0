"""The activity log loses nothing that it took, keeps within its size, and makes nobody wait."""

from __future__ import annotations

import math
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belisha.errors import LogError, UsageError
from belisha.service import activity
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import (
    LONGEST,
    MAX_TEXT,
    Checkpoint,
    Event,
    Head,
    Second,
    read_body,
)
from belisha.service.activity_reader import read_rows, verify
from tests.interpreter import run_python
from tests.runtime.service.logs import NOON, Clocks, busy_second, write_log


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 22 entries that nobody touches."""
    return write_log(tmp_path_factory.mktemp("log") / "a.db")


def contents(path: Path) -> list[object]:
    return [read_body(row, "log")[0] for row in read_rows(path)]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_it_took_can_be_read_back_in_order(tmp_path: Path) -> None:
    clocks = Clocks()
    log = ActivityLog(tmp_path / "a.db", utc=clocks.utc, up_s=clocks.up_s)
    event = Event(name="rule", text="night applies: light 12", details={"rule": "night"})
    log.add_event(event)
    clocks.tick()
    log.add_second(busy_second(5))
    log.close(30)
    (first, stamp), (second, later) = (read_body(row, "log") for row in read_rows(log.path))
    assert (first, stamp.utc) == (event, NOON)
    assert second == busy_second(5)
    assert later.up_s - stamp.up_s == 1
    assert verify(log.path).whole


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = write_log(write_log(tmp_path / "a.db", 3), 4)
    found = verify(path)
    assert (found.last, found.seconds, found.events, found.whole) == (11, 7, 4, True)


def test_recent_entries_are_at_hand_without_reading_the_file(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "a.db")
    for people in range(activity.RECENT_SECONDS + 5):
        log.add_second(Second(people=people))
    assert len(log.recent_seconds()) == activity.RECENT_SECONDS
    assert log.recent_seconds()[-1][1].people == activity.RECENT_SECONDS + 4
    log.close(30)


def test_kill_9_loses_nothing_that_was_taken_a_second_before(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from belisha.service.activity import ActivityLog\n"
        "from belisha.service.activity_entries import Second\n"
        "log = ActivityLog(Path(sys.argv[1]))\n"
        "for number in range(10_000):\n"
        "    log.add_second(Second(people=number)); print(number, time.monotonic(), flush=True)\n"
        "    time.sleep(0.02)"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("60 "):
            assert line
        killed = time.monotonic()
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().splitlines()
    told = [line.split(), *(one.split() for one in lines)]
    before = [int(number) for number, moment in told if float(moment) < killed - 1] or [0]
    written = contents(path)
    assert len(written) > before[-1]
    assert verify(path).whole
    log = ActivityLog(path)  # and the next process goes on with it
    log.add_second(Second())
    log.close(30)
    assert verify(path).last == len(written) + 1


def test_a_full_disk_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    done = run_python(
        "import resource, sys, time; from pathlib import Path\n"
        "from belisha.service.activity import ActivityLog\n"
        "from belisha.service.activity_entries import Second\n"
        "log = ActivityLog(Path(sys.argv[1]))\n"
        "none = resource.RLIM_INFINITY\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, none))\n"
        "for number in range(300): log.add_second(Second(people=number + 1)); time.sleep(0.001)\n"
        "while not log.state.trouble: time.sleep(0.01)\n"
        "print(log.state.trouble)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (none, none))\n"
        "while log.state.trouble: time.sleep(0.01)\n"
        "log.close(30)",
        str(tmp_path / "a.db"),
    )
    assert done.returncode == 0, done.stderr
    assert "disk" in done.stdout
    people = [one.people for one in contents(tmp_path / "a.db") if isinstance(one, Second)]
    assert people == list(range(1, 301))
    assert verify(tmp_path / "a.db").whole


def test_a_disk_that_hangs_keeps_nobody_waiting_and_losses_are_counted(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "a.db")
    log.add_second(Second())
    until(lambda: log.state.head.seq == 1)
    other = sqlite3.connect(log.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")  # nobody else can write now
    begun = time.perf_counter()
    for number in range(activity.MAX_WAITING + 500):
        log.add_second(Second(people=number))
    assert (time.perf_counter() - begun) / 1500 < 1e-3
    until(lambda: log.state.lost > 0 or log.state.trouble != "")
    other.execute("COMMIT")
    other.close()
    until(lambda: log.state.waiting == 0 and log.state.head.seq > 1)
    log.close(30)
    people = [one.people for one in contents(log.path) if isinstance(one, Second)]
    assert people[-1] == activity.MAX_WAITING + 499
    assert len(people) + log.state.lost == activity.MAX_WAITING + 501
    assert verify(log.path).whole
    said = [one for one in contents(log.path) if isinstance(one, Event)]
    assert [one.name for one in said] == ["log"] * (log.state.lost > 0)


@pytest.mark.parametrize("damage", ["header", "chain"])
def test_a_damaged_log_is_set_aside_and_the_new_one_says_so(tmp_path: Path, damage: str) -> None:
    path = write_log(tmp_path / "a.db")
    if damage == "header":
        path.write_bytes(b"rubbish" * 1000)
    else:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE log SET body = replace(body, '29', '30') WHERE seq = 9")
        database.close()
    kept = path.read_bytes()
    write_log(path, 1)
    (aside,) = tmp_path.glob("a.db.damaged-????????T??????")
    assert aside.read_bytes() == kept
    first, *_ = contents(path)
    assert isinstance(first, Event)
    assert (first.level, first.details["set_aside"]) == ("alarm", aside.name)
    assert verify(path).whole


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_service_starts_on_any_damage(good: Path, place: int, flip: int) -> None:
    content = bytearray(good.read_bytes())
    content[place % len(content)] ^= flip
    path = good.with_name("flipped.db")
    for old in good.parent.glob("flipped.db*"):
        old.unlink()
    path.write_bytes(content)
    try:
        log = ActivityLog(path)
    except (LogError, UsageError):
        assert place % len(content) < 100, "of another kind or version, by its header"
        return
    log.add_event(Event(name="start", text="started"))
    log.close(30)
    assert log.state.lost == log.state.waiting == 0
    assert any("started" in row.body for row in read_rows(path))


def test_damage_on_a_full_disk_is_survived_too(tmp_path: Path) -> None:
    done = run_python(
        "import resource, sys, time; from pathlib import Path\n"
        "from belisha.service.activity import ActivityLog\n"
        "from belisha.service.activity_entries import Event, Second\n"
        "log = ActivityLog(Path(sys.argv[1])); log.add_second(Second())\n"
        "while not log.state.head.seq: time.sleep(0.01)\n"
        "none = resource.RLIM_INFINITY\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, none))\n"
        "log.path.unlink(); log.add_event(Event(name='camera', text='gone', level='alarm'))\n"
        "while not log.state.trouble: time.sleep(0.01)\n"
        "time.sleep(1.5); print(log.state.trouble)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (none, none))\n"
        "while log.state.trouble: time.sleep(0.01)\n"
        "log.close(30)",
        str(tmp_path / "a.db"),
    )
    assert done.returncode == 0, done.stderr
    names = [one.name for one in contents(tmp_path / "a.db") if isinstance(one, Event)]
    assert names[-2:] == ["log", "camera"]
    assert verify(tmp_path / "a.db").whole


def test_damaged_logs_do_not_fill_the_disk(tmp_path: Path) -> None:
    for day in range(1, 5):
        (tmp_path / "a.db").write_bytes(b"rubbish")
        activity.set_aside(tmp_path / "a.db", NOON.replace(day=day))
    assert sorted(one.name[-15:] for one in tmp_path.iterdir()) == [
        "20261103T120000",
        "20261104T120000",
    ]


def test_a_log_that_is_removed_is_begun_anew(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "a.db")
    log.add_event(Event(name="start", text="started"))
    until(lambda: log.state.head.seq == 1)
    log.path.unlink()
    log.add_event(Event(name="camera", text="gone", level="alarm"))
    until(lambda: log.path.exists())
    log.close(30)
    names = [one.name for one in contents(log.path) if isinstance(one, Event)]
    assert names == ["log", "camera"]


def test_it_keeps_within_its_size_and_says_what_it_deleted(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for _ in range(5):
        write_log(path, 900, limit_bytes=1_000_000)
    found = verify(path)
    assert path.stat().st_size < 1_300_000
    assert found.whole
    assert found.deleted > 500
    checkpoints = [one for one in contents(path) if isinstance(one, Checkpoint)]
    assert checkpoints[-1].last == found.first - 1


def test_the_head_lies_elsewhere_too(tmp_path: Path) -> None:
    path = write_log(tmp_path / "a.db", anchor=tmp_path / "usb" / "head")
    head = Head.parse((tmp_path / "usb" / "head").read_text())
    assert head == verify(path).head
    assert verify(path, [head]).whole


def test_an_anchor_that_cannot_be_written_is_trouble_but_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = ActivityLog(tmp_path / "a.db", anchor=tmp_path / "file" / "head")
    log.add_second(Second())
    until(lambda: log.state.head.seq == 1 and log.state.trouble != "")
    assert "head: cannot be written" in log.state.trouble
    log.close(30)


@pytest.mark.parametrize(
    ("step", "words"), [(3600, "forward by 3600.0"), (-86400, "back by 86400.0")]
)
def test_a_clock_that_was_set_is_an_event(tmp_path: Path, step: float, words: str) -> None:
    clocks = Clocks()
    log = ActivityLog(tmp_path / "a.db", utc=clocks.utc, up_s=clocks.up_s)
    log.add_second(Second())
    clocks.tick()
    clocks.tick(step)
    clocks.up -= step
    log.add_second(Second())
    clocks.tick()
    log.add_second(Second())
    log.close(30)
    _, event, _, _ = contents(log.path)
    assert isinstance(event, Event)
    assert (event.name, words in event.text) == ("clock", True)


class Changing(dict[str, str]):
    """What another thread still writes."""

    def items(self) -> Any:
        raise RuntimeError("dictionary changed size during iteration")


def test_an_end_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "sub" / "a.db")
    log.add_event(Event(name="start", text="started"))
    while log.state.waiting:
        time.sleep(0.01)
    shutil.rmtree(tmp_path / "sub")
    (tmp_path / "sub").write_text("no folder any more")
    log.add_event(Event(name="stop", text="stopped"))
    with pytest.raises(LogError, match="its end could not be written"):
        log.finish()


def test_odd_entries_do_not_stop_the_log(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "a.db")
    log.add_second(Second(latency_ms=((1.0, 2), (math.inf, 1)), worst_ms=math.inf))
    log.add_event(Event(name="camera", text="lost \udcff.mp4 " + "x" * 10_000))
    log.add_event(Event(name="odd", text="", details={"a": object()}))  # type: ignore[dict-item]
    log.add_event(Event(name="odder", text="", details=Changing(a="b")))
    log.add_event(Event(name="stop", text="stopped"))
    log.close(30)
    second, event, odd, odder, stop = contents(log.path)
    assert isinstance(second, Second)
    assert second.latency_ms == ((1.0, 2), (LONGEST, 1))
    assert isinstance(event, Event)
    assert event.text.startswith("lost ?.mp4 xxx")
    assert len(event.text) == MAX_TEXT
    assert isinstance(odd, Event)
    assert odd.text.startswith("an entry cannot be written: ")
    assert isinstance(odder, Event)
    assert "dictionary changed size" in odder.text
    assert stop == Event(name="stop", text="stopped")
    assert verify(log.path).whole


def test_two_writers_would_fork_the_chain(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "a.db")
    with pytest.raises(LogError, match="another process writes this log"):
        ActivityLog(tmp_path / "a.db")
    log.close(30)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE photos (name TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match="another program's database"):
        ActivityLog(path)
    assert path.read_bytes() == before
    with pytest.raises(UsageError, match="at least 1000000 bytes, got 5"):
        ActivityLog(tmp_path / "a.db", limit_bytes=5)
