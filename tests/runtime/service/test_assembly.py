"""The service in one piece: camera to outlets, log, page and metrics, with everything counted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import belisha
from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.engines.choice import open_engine
from belisha.errors import ConfigError, UsageError
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event, Second, read_body
from belisha.service.activity_reader import read_rows
from belisha.service.assembled import World
from belisha.service.assembly import Service
from belisha.service.systemd import Systemd
from tests.doubles import Told, wait_until
from tests.pictures import write_video
from tests.runtime.engines.kinds import ScriptedEngine, ScriptedKind

CONFIG = """\
name: test car
camera: {{source: drive.avi, repeat: true, mounting: {{height_m: 1.3}}}}
detector: {{threads: 1}}
rules: rules.yaml
signals: {{listen: car.sock, customer: acme}}
tracker: {{confirm_hits: 1, least_overlap: 0.01}}
sinks: {{unix: [decisions.sock], file: {{path: out/decisions.jsonl}}}}
log: {{path: activity.db}}
degrade:
  - {{name: late, signal: missed_share, above: 0.9, until: 0.5, bundle: night}}
page: {{listen: "127.0.0.1:0"}}
deadline_ms: {deadline_ms}
"""
RULES = """\
format: 1
after_s: 0
bundles:
  day: {file: toy.bundle}
  night: {file: toy.bundle}
otherwise: {use: day}
rules:
  - {name: fast, use: night, when: {speed_kmh: {above: 80}}}
"""


@pytest.fixture
def car(toy: Bundle, tmp_path: Path) -> Path:
    """A folder with a car's files."""
    write_video(tmp_path / "drive.avi", 16, rate_hz=30.0)
    (tmp_path / "car.yaml").write_text(CONFIG.format(deadline_ms=1000))
    (tmp_path / "rules.yaml").write_text(RULES)
    shutil.copy(toy.path, tmp_path / "toy.bundle")
    return tmp_path


@contextmanager
def serving(car: Path, told: Told, world: World | None = None) -> Iterator[Service]:
    """The service, in a thread."""
    service = Service(car / "car.yaml", told, Systemd({}), world)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(10)
        assert not thread.is_alive()


def seconds_of(log: Path) -> list[Second]:
    contents = [read_body(row, "log")[0] for row in read_rows(log)]
    return [content for content in contents if isinstance(content, Second)]


def test_a_decision_goes_all_the_way(car: Path) -> None:
    told = Told()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(car / "decisions.sock"))
        reader.settimeout(10)
        with serving(car, told) as service:
            document = json.loads(reader.recv(65536))
            while document["kind"] != "decision" or not document["people"]:
                document = json.loads(reader.recv(65536))
            assert wait_until(lambda: service.status.counts.processed > 40, 20)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bus:
                bus.sendto(b'{"speed_kmh": 120}', str(car / "car.sock"))
            assert wait_until(lambda: service.status.in_force.rule == "fast", 10)
            url = next(text for _, _, text in told.sentences if "http://" in text).split()[-1]
            page = urllib.request.urlopen(url, timeout=5).read()
            assert wait_until(lambda: len(service.log_events) >= 4)
            status = service.status
    assert (document["device"], document["bundle"], document["rule"]) == (
        "test car",
        "day",
        "otherwise",
    )
    (person,) = document["people"]
    assert person["id"] >= 1
    assert len(person["distance_m"]) == 3
    assert b"<html" in page
    assert set(status.stages) >= {"read", "choose", "prepare", "infer", "track", "rules", "sinks"}
    assert status.bundles == ("day", "night")
    lines = (car / "out" / "decisions.jsonl").read_text().splitlines()
    kinds = {json.loads(line)["kind"] for line in lines}
    assert kinds == {"decision", "state"}


def test_every_frame_is_counted_once_and_the_log_adds_up(car: Path) -> None:
    with serving(car, Told()) as service:
        wait_until(lambda: service.status.counts.processed > 60, 20)
    counts = service.counts
    assert counts.captured == counts.processed + counts.dropped + counts.failed
    logged = seconds_of(car / "activity.db")
    assert sum(one.processed for one in logged) == counts.processed
    assert sum(one.captured for one in logged) == counts.captured
    assert sum(count for one in logged for _, count in one.latency_ms) == counts.processed
    assert logged[-1].bundle.startswith("day ")


def test_a_deadline_that_nothing_can_meet_drops_every_frame_and_says_so(car: Path) -> None:
    (car / "car.yaml").write_text(CONFIG.format(deadline_ms=0.001))
    with serving(car, Told()) as service:
        assert wait_until(lambda: service.status.counts.dropped > 10, 20)
        assert service.status.counts.processed == 0
    logged = seconds_of(car / "activity.db")
    assert sum(one.captured for one in logged) == service.counts.captured
    assert sum(one.dropped for one in logged) == service.counts.dropped


def test_a_reload_while_it_serves_loses_no_frame(car: Path) -> None:
    told = Told()
    with serving(car, told) as service:
        assert wait_until(lambda: service.counts.processed > 10, 20)
        for deadline_ms in (900, 800, 700):
            (car / "car.yaml").write_text(CONFIG.format(deadline_ms=deadline_ms))
            before = sum(name == "reload" for name, _, _ in told.sentences)
            service.reload()
            assert wait_until(
                lambda done=before: sum(n == "reload" for n, _, _ in told.sentences) > done, 20
            )
        processed = service.counts.processed
        assert wait_until(lambda: service.counts.processed > processed + 10, 20)
    counts = service.counts
    assert counts.failed == 0
    assert counts.captured == counts.processed + counts.dropped


def test_a_health_rule_with_an_unknown_bundle_is_refused(car: Path) -> None:
    text = CONFIG.format(deadline_ms=1000).replace("bundle: night", "bundle: dusk")
    (car / "car.yaml").write_text(text)
    with pytest.raises(ConfigError, match="'late': expected a bundle of day, night; got 'dusk'"):
        Service(car / "car.yaml", Told(), Systemd({}))


def test_a_service_that_is_killed_has_lost_at_most_a_second_of_log(car: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from belisha.cli import main; raise SystemExit(main())",
            "run",
            "--config",
            str(car / "car.yaml"),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(belisha.__file__).parents[1])},
    )
    decisions = car / "out" / "decisions.jsonl"
    try:
        assert wait_until(lambda: decisions.exists() and decisions.stat().st_size > 20_000, 30)
        time.sleep(0.5)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    told = [json.loads(line) for line in decisions.read_text().splitlines() if line.endswith("}")]
    decided = sum(one["kind"] == "decision" for one in told)
    logged = sum(one.processed for one in seconds_of(car / "activity.db"))
    assert decided - logged <= 33  # a second of 30 frames, and what was under way
    assert logged > 0


def opens_engines_that_fail(toy: Bundle, after: int) -> World:
    """A world in which the first engine of each bundle fails after some frames."""

    def open_detector(
        bundle: Path | str | None = None,
        *,
        engine: str | None = None,
        threads: int | None = None,
        threshold: float | None = None,
    ) -> Detector:
        kinds = [
            ScriptedKind("fast", ScriptedEngine("fast", 1, fails_at=after)),
            ScriptedKind("cpu", ScriptedEngine("cpu", 2)),
        ]
        return Detector(toy, open_engine(toy, kinds=kinds).engine)

    return World(open_detector=open_detector)


def test_an_engine_that_fails_is_replaced_and_everybody_is_told(car: Path, toy: Bundle) -> None:
    told = Told()
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader,
        serving(car, told, opens_engines_that_fail(toy, after=20)) as service,
    ):
        assert wait_until(lambda: service.status.engines.last is not None, 20)
        status = service.status
        reader.bind(str(car / "decisions.sock"))
        reader.settimeout(10)
        while (state := json.loads(reader.recv(65536)))["kind"] != "state":
            pass
        url = next(text for _, _, text in told.sentences if "http://" in text).split()[-1]
        page = json.loads(urllib.request.urlopen(f"{url}status", timeout=5).read())
        metrics = urllib.request.urlopen(f"{url}metrics", timeout=5).read().decode()
        assert wait_until(lambda: any(one.name == "engine" for _, one in service.log_events))
    reason = "fast: failed: fast lost its device; cpu serves instead"
    assert status.counts.failed == 0, "the frame at hand was computed all the same"
    assert status.in_force.engine.startswith("none on nowhere")
    assert status.in_force.passed_over == (f"fast is not used: {reason[len('fast: ') :]}",)
    assert page["engines"]["last"]["reason"] == reason
    assert page["engines"]["switches"] == state["engine_switches"] == 1
    assert state["engine"] == status.in_force.engine
    assert "belisha_engine_switches_total 1.0" in metrics
    assert 'after="cpu",before="fast"' in metrics
    logged = [
        content for content, _ in (read_body(r, "log") for r in read_rows(car / "activity.db"))
    ]
    events = [(one.name, one.text) for one in logged if isinstance(one, Event)]
    assert ("fallback", f"day: {reason}") in events
    assert any(name == "engine" and "now, not on fast" in text for name, text in events)


def test_a_page_that_cannot_be_opened_leaves_nothing_open(car: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = CONFIG.format(deadline_ms=1000)
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (car / "car.yaml").write_text(text.replace("127.0.0.1:0", address))
        before = threading.active_count()
        with pytest.raises(UsageError, match="the page cannot listen on"):
            Service(car / "car.yaml", Told(), Systemd({}))
    assert wait_until(lambda: threading.active_count() <= before)
    ActivityLog(car / "activity.db").close()
    assert not (car / "car.sock").exists()


def test_a_reload_that_comes_with_the_end_leaves_nothing_open(car: Path) -> None:
    before = threading.active_count()
    for _ in range(3):
        with serving(car, Told()) as service:
            assert wait_until(lambda one=service: one.counts.processed > 0, 20)
            service.reload()
            time.sleep(0.05)
    assert wait_until(lambda: threading.active_count() <= before)


def test_it_says_where_the_time_of_its_end_went(car: Path) -> None:
    told = Told()
    with serving(car, told) as service:
        assert wait_until(lambda: service.counts.processed > 5, 20)
    assert list(service.ending_ms) == [
        "turn",
        "LiveCamera",
        "Outlets",
        "Monitor",
        "PageSink",
        "others",
    ]
    assert told.has("stop", "after it was to stop: turn ")


def test_the_log_goes_by_the_clock_of_the_service(car: Path) -> None:
    """A world in which time flies is no world in which the wall clock is set."""
    begun_utc, begun_s = datetime.now(timezone.utc), time.monotonic()

    def passed_s() -> float:
        return 20 * (time.monotonic() - begun_s)

    world = World(utc=lambda: begun_utc + timedelta(seconds=passed_s()), monotonic=passed_s)
    with serving(car, Told(), world) as service:
        assert wait_until(lambda: len(seconds_of(car / "activity.db")) > 3, 20)
        assert not any(event.name == "clock" for _, event in service.log_events)
