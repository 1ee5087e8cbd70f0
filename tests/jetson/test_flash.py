"""flash.sh says what is wrong before it touches anything."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jetson.package.assembly import PAYLOAD
from tests.jetson.programs import Programs

SCRIPT = PAYLOAD.parent / "flash.sh"
FACTS = (
    "aarch64\n3.10\n{free}\n{cameras}\nNVIDIA Jetson Orin Nano\n# R36 (release), REVISION: 4.3\n"
)


def flash(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *words], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
    )


def test_help_teaches_by_example() -> None:
    done = flash("--help")
    assert done.returncode == 0
    assert "jetson/flash.sh --ssh USER@HOST" in done.stdout
    assert "--rootfs Linux_for_Tegra/rootfs" in done.stdout


@pytest.mark.parametrize(
    "words", [(), ("--ssh", "a", "--rootfs", "b"), ("--sssh", "a"), ("--ssh",)]
)
def test_wrong_usage_is_answered_with_the_right_one(words: tuple[str, ...]) -> None:
    assert flash(*words).returncode in (1, 2)


def test_a_configuration_that_is_not_there_is_named() -> None:
    done = flash("--ssh", "nobody@127.0.0.1", "--config", "/nowhere/car.yaml")
    assert done.returncode == 1
    assert "cannot read /nowhere/car.yaml" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a rootfs is looked at by root only")
def test_a_folder_that_is_no_rootfs_is_refused(tmp_path: Path) -> None:
    done = flash("--rootfs", tmp_path)
    assert done.returncode == 1
    assert "expected a rootfs with etc/os-release" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a rootfs is looked at by root only")
def test_a_rootfs_for_another_processor_is_refused(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text("ID=ubuntu\n")
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    (tmp_path / "usr" / "bin" / "dash").write_bytes(b"\x7fELF" + bytes(14) + b"\x3e\x00")
    done = flash("--rootfs", tmp_path)
    assert "is not a rootfs for arm64" in done.stderr


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def over_ssh(programs: Programs, facts: str, *words: str | Path) -> str:
    """What flash.sh complains about on a device of these facts."""
    looks = f"*'uname -m'*) printf '{facts}';; *'test -e'*) exit 1;;"
    answer = f"case \"$*\" in *'id -u'*) echo 0;; {looks} esac"
    programs.add("ssh", answer.replace("\n", "\\n"))
    return programs.run(SCRIPT, "--ssh", "driver@board", *words).stderr


def test_a_package_for_another_python_is_refused(programs: Programs, tmp_path: Path) -> None:
    package = tmp_path / "belisha_0.1.0+py312_arm64.deb"
    package.touch()
    said = over_ssh(programs, FACTS.format(free=900, cameras=1), "--deb", package)
    assert "is not for Python 3.10, which the device has: name one with +py310" in said


def test_a_full_device_is_refused(programs: Programs) -> None:
    said = over_ssh(programs, FACTS.format(free=12, cameras=1))
    assert "expected 400 MB free in /var, there are 12" in said


def test_a_device_without_a_camera_must_be_wanted_so(programs: Programs) -> None:
    said = over_ssh(programs, FACTS.format(free=900, cameras=0))
    assert "has no camera: plug one in" in said
    assert "--without-camera" in said


def test_a_device_that_tells_little_about_itself_is_no_jetson_and_may_go_on(
    programs: Programs,
) -> None:
    said = over_ssh(programs, "aarch64\n3.9\n900\n1\n\n")
    assert "no package for Python 3.9" in said


def test_another_processor_is_refused(programs: Programs) -> None:
    facts = FACTS.format(free=900, cameras=1).replace("aarch64", "x86_64")
    assert "expected an aarch64 device" in over_ssh(programs, facts)
