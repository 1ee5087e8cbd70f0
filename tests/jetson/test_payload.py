"""What the package puts onto a device: a unit that keeps the service alive, and shut in, but not
off the camera and the GPU.
"""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from belisha.service.config import read_config
from jetson.package.assembly import PAYLOAD


class _Unit(configparser.RawConfigParser):
    """A unit file; names keep their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> dict[str, dict[str, str]]:
    parser = _Unit(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.read(PAYLOAD / name)
    return {section: dict(parser[section]) for section in parser.sections()}


def test_the_configuration_that_is_shipped_can_be_read() -> None:
    config = read_config(PAYLOAD / "belisha.yaml")
    assert config.camera.source == "/dev/belisha-camera"
    assert config.log is not None
    assert config.page is not None
    assert config.page.listen.startswith("127.0.0.1:")


def test_the_configuration_of_the_virtual_jetson_can_be_read() -> None:
    config = read_config(PAYLOAD.parent / "virtual" / "belisha.yaml")
    assert config.camera.repeat
    assert config.camera.is_file


def test_the_udev_rule_names_the_camera_that_the_configuration_asks_for() -> None:
    source = read_config(PAYLOAD / "belisha.yaml").camera.source
    rule = (PAYLOAD / "70-belisha-camera.rules").read_text()
    assert f'SYMLINK+="{source.removeprefix("/dev/")}"' in rule


def test_who_hangs_is_killed_and_begins_again_without_end() -> None:
    service = unit("belisha.service")
    assert service["Unit"]["StartLimitIntervalSec"] == "0"
    wanted = {"Type": "notify", "Restart": "always", "WatchdogSignal": "SIGKILL"}
    assert wanted.items() <= service["Service"].items()
    assert 0 < int(service["Service"]["WatchdogSec"]) <= 30


def test_it_does_not_run_as_root_and_writes_to_its_own_folders_alone() -> None:
    service = unit("belisha.service")["Service"]
    wanted = {
        "User": "belisha", "ProtectSystem": "strict", "ProtectHome": "yes",
        "CapabilityBoundingSet": "", "NoNewPrivileges": "yes", "StateDirectory": "belisha",
    }  # fmt: skip
    assert wanted.items() <= service.items()
    assert "ReadWritePaths" not in service


@pytest.mark.parametrize(
    "name",
    ["PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock", "MemoryDenyWriteExecute",
     "ProcSubset", "PrivateNetwork"],
)  # fmt: skip
def test_gpu_camera_and_code_compiled_at_run_time_stay_possible(name: str) -> None:
    assert name not in unit("belisha.service")["Service"]


def test_the_journal_wears_out_no_disk() -> None:
    assert unit("journald.conf")["Journal"]["Storage"] == "volatile"
    assert unit("journald.conf")["Journal"]["RuntimeMaxUse"] == "32M"


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm", "power", "belisha.sh"])
def test_scripts_are_posix_shell(name: str) -> None:
    subprocess.run(["sh", "-n", PAYLOAD / name], check=True)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    units = tmp_path / "usr" / "lib" / "systemd" / "system"
    units.mkdir(parents=True)
    for program in ("usr/bin/belisha", "usr/lib/belisha/power", "bin/kill"):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    for name in ("sysinit", "basic", "shutdown", "multi-user", "local-fs"):
        (units / f"{name}.target").write_text("[Unit]\nDescription=a stand-in\n")
    for name in ("belisha.service", "belisha-power.service"):
        shutil.copy(PAYLOAD / name, units)
    command = ["systemd-analyze", "verify", f"--root={tmp_path}", "--man=no", "belisha.service"]
    done = subprocess.run(command, capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "belisha" in line]
    assert complaints == []
