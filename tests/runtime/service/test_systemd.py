"""What a service manager hears, and that nobody needs one."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from belisha.service.systemd import Systemd
from tests.doubles import Manager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """Listens."""
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


def test_every_message_arrives(manager: Manager) -> None:
    systemd = Systemd(manager.environment)
    systemd.ready()
    systemd.reloading()
    systemd.status("30 frames a second")
    systemd.stopping()
    systemd.close()
    assert manager.told(0.2) == [
        "READY=1",
        "RELOADING=1",
        "STATUS=30 frames a second",
        "STOPPING=1",
    ]


def test_a_status_is_one_line_whatever_an_error_says(manager: Manager) -> None:
    systemd = Systemd(manager.environment)
    systemd.status("camera: \udcff.mp4 failed:\nWATCHDOG=1\nREADY=1")
    systemd.close()
    assert manager.told(0.2) == ["STATUS=camera: ?.mp4 failed: WATCHDOG=1 READY=1"]


def test_the_watchdog_is_fed_no_more_often_than_it_needs(manager: Manager) -> None:
    systemd = Systemd(manager.environment)
    for _ in range(1000):
        systemd.alive()
    systemd.close()
    assert manager.told(0.1) == ["WATCHDOG=1"]


def test_the_watchdog_of_another_process_is_not_fed(manager: Manager) -> None:
    systemd = Systemd({**manager.environment, "WATCHDOG_PID": str(os.getpid() + 1)})
    systemd.alive()
    systemd.close()
    assert manager.told(0.1) == []


def test_an_abstract_socket_is_found() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0belisha-test-{os.getpid()}")
        listening.settimeout(1)
        systemd = Systemd({"NOTIFY_SOCKET": f"@belisha-test-{os.getpid()}"})
        systemd.ready()
        systemd.close()
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    systemd = Systemd(environment)
    began = time.monotonic()
    systemd.ready()
    systemd.alive()
    systemd.close()
    systemd.stopping()
    assert time.monotonic() - began < 1, "nobody is waited for"
