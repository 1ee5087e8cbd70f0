"""The service as a process: ready, watched, reloaded without a gap, stopped within a second."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import belisha
from belisha.bundle import Bundle
from belisha.errors import ConfigError
from belisha.service.config import read_config
from tests.doubles import Manager
from tests.pictures import write_video

PROGRAM = "from belisha.cli import main; raise SystemExit(main())"
Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """Stands for systemd."""
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


@pytest.fixture
def config(toy: Bundle, tmp_path: Path) -> Path:
    """A service on a clip that repeats for ever."""
    write_video(tmp_path / "drive.avi", 16, rate_hz=50.0)
    path = tmp_path / "car.yaml"
    path.write_text(
        "name: test car\n"
        "tracker: null\n"
        "camera: {source: drive.avi, repeat: true}\n"
        f"detector: {{bundle: '{toy.path}', threads: 1}}\n"
    )
    return path


@pytest.fixture
def start(config: Path, manager: Manager) -> Iterator[Start]:
    """Start the service of `config`; whatever is left at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "run", "--config", str(config), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **manager.environment,
                "PYTHONPATH": str(Path(belisha.__file__).parents[1]),
            },
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, Any, str]:
    """Exit code, document and what was said, of a service that was told to stop."""
    out, err = process.communicate(timeout=30)
    return process.returncode, json.loads(out), err


def test_it_is_ready_watched_and_stops_within_a_second(start: Start, manager: Manager) -> None:
    process = start()
    assert manager.told(30, until="READY=1")[-1] == "READY=1"
    assert "WATCHDOG=1" in manager.told(30, until="WATCHDOG=1")
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, document, err = ended(process)
    # The service's own record, after the frame under way, which may take long on a busy machine.
    # From outside one sees both, and the interpreter's end, which there takes the most.
    own_ms = {part: ms for part, ms in document["ending_ms"].items() if part != "turn"}
    assert 0 < sum(own_ms.values()) < 1000
    assert time.monotonic() - begun < 3
    assert code == 0
    assert manager.told(0.2)[-1] == "STOPPING=1"
    assert document["frames"] > 0
    assert "start: test car watches drive.avi" in err
    assert f"stopped after {document['frames']} frames" in err


def test_a_reload_takes_the_new_file_and_a_bad_one_changes_nothing(
    start: Start, manager: Manager, config: Path
) -> None:
    process = start()
    assert "WATCHDOG=1" in manager.told(30, until="WATCHDOG=1")
    good = config.read_text()
    config.write_text(good + "deadline_mss: 50\n")
    process.send_signal(signal.SIGHUP)
    assert manager.told(10, until="READY=1")[-1] == "READY=1"
    config.write_text(good + "deadline_ms: 50\n")
    process.send_signal(signal.SIGHUP)
    told = manager.told(10, until="READY=1")
    assert "RELOADING=1" in told
    process.send_signal(signal.SIGTERM)
    code, document, err = ended(process)
    assert code == 0
    assert "the configuration in force stays" in err
    assert "unknown key 'deadline_mss': did you mean 'deadline_ms'?" in err
    assert "was read again" in err
    assert document["failures"] == []


def test_a_wrong_file_or_bundle_keeps_it_from_starting(start: Start, config: Path) -> None:
    config.write_text("camera: {source: drive.avi}\ndetector: {bundle: gone.bundle}\n")
    process = start()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "gone.bundle: cannot be read" in err


def test_it_ends_with_a_recording_that_does_not_repeat(start: Start, config: Path) -> None:
    text = config.read_text().replace("repeat: true", "paced: false")
    config.write_text(f"{text}deadline_ms: 60000\n")  # no frame is too old on a busy machine
    code, document, _ = ended(start())
    assert code == 0
    assert document["frames"] == document["people"] == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "missing required field `camera`"),
        ("camera: {source: a.mp4, wdith: 3}", "unknown key 'wdith': did you mean 'width'?"),
        ("camera: {}", "expected either 'source' or 'pipeline'"),
        ("camera: {source: /dev/video0, width: 640}", "expected both width and height"),
        ("camera: {source: a.mp4, stale_after_s: 0}", "expected stale_after_s above 0, got 0"),
        ("camera: {source: a.mp4}\ndeadline_ms: 0", "expected a deadline_ms above 0, got 0"),
        ("camera: {source: a.mp4}\ndetector: {threads: two}", "Expected `int | null`"),
    ],
)
def test_a_configuration_is_read_strictly(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "car.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_config(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
