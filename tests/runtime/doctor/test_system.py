"""Disk, clock, permissions, versions."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from belisha.bench.accelerator import Jetson
from belisha.bench.environment import Environment, read_environment
from belisha.doctor.system import (
    Account,
    examine_clock,
    examine_disk,
    examine_permissions,
    examine_versions,
    may_use,
)


def test_room_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    finding = examine_disk(tmp_path / "not" / "there" / "yet", least_mb=1)
    assert finding.state == "ok"
    assert finding.text.endswith(f"free in {tmp_path}")


def test_too_little_room_says_what_still_works(tmp_path: Path) -> None:
    finding = examine_disk(tmp_path, least_mb=10**9)
    assert finding.state == "note"
    assert finding.advice.startswith("people are still found")


def test_a_clock_that_lost_its_time_is_trouble(tmp_path: Path) -> None:
    finding = examine_clock(datetime(1970, 1, 1, tzinfo=timezone.utc), tmp_path / "set")
    assert finding.state == "trouble"
    assert "1970-01-01 00:00:00" in finding.text


@pytest.mark.parametrize(("is_set", "state"), [(True, "ok"), (False, "note")])
def test_a_clock_that_nothing_has_set_is_worth_a_note(
    tmp_path: Path, is_set: bool, state: str
) -> None:
    synchronised = tmp_path / "set"
    if is_set:
        synchronised.touch()
    now = datetime(2027, 5, 1, tzinfo=timezone.utc)
    assert examine_clock(now, synchronised).state == state


def status(mode: int, user: int = 0, group: int = 44) -> os.stat_result:
    return os.stat_result((0o020000 | mode, 0, 0, 1, user, group, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("mode", "account", "may"),
    [
        (0o660, Account("one", 999, frozenset({44})), True),
        (0o660, Account("one", 999, frozenset({45})), False),
        (0o666, Account("one", 999, frozenset()), True),
        (0o640, Account("one", 999, frozenset({44})), False),  # reading alone is not enough
        (0o000, Account("root", 0, frozenset()), True),
        (0o066, Account("one", 0o0, frozenset()), True),
    ],
)
def test_plain_permissions_decide(mode: int, account: Account, may: bool) -> None:
    assert may_use(status(mode), account) is may


def test_an_owner_counts_as_owner_alone() -> None:
    account = Account("one", 999, frozenset({44}))
    assert not may_use(status(0o066, user=999), account)


def test_a_refused_device_is_named_with_the_group_that_opens_it(tmp_path: Path) -> None:
    device = tmp_path / "dev" / "video0"
    device.parent.mkdir()
    device.touch()
    device.chmod(0o600)
    stranger = Account("stranger", 64000, frozenset())
    (finding,) = examine_permissions(stranger, tmp_path)
    assert finding.state == "trouble"
    assert finding.text == f"stranger may not use {device}"
    assert finding.advice.startswith("sudo adduser stranger ")


def test_devices_that_a_board_has_not_are_no_trouble(tmp_path: Path) -> None:
    (finding,) = examine_permissions(Account("one", 999, frozenset()), tmp_path)
    assert finding.state == "ok"


@pytest.fixture(scope="module")
def environment() -> Environment:
    return read_environment()


def test_versions_are_there_to_be_sent(environment: Environment) -> None:
    finding = examine_versions(environment)[0]
    assert f"Python {environment.python}" in finding.text
    assert f"onnxruntime {environment.libraries['onnxruntime']}" in finding.text


@pytest.mark.parametrize(("libraries", "state"), [(("tensorrt", "pycuda"), "ok"), ((), "note")])
def test_a_board_without_its_gpu_libraries_is_told_that_the_processor_serves(
    environment: Environment, libraries: tuple[str, ...], state: str
) -> None:
    board = replace(
        environment,
        jetson=Jetson("Orin Nano", "36.4.3", "6.1", "15W"),
        libraries=dict.fromkeys(libraries, "1"),
    )
    finding = examine_versions(board)[1]
    assert finding.state == state
    assert "L4T 36.4.3, JetPack 6.1" in finding.text
