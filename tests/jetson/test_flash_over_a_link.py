"""flash.sh over a link: what is sent, as whom, and what is told.

The link is a stand-in for ssh that runs each command on this machine, as a device would; there,
sudo and systemd are stand-ins as well. `make virtual-jetson` takes real SSH and real systemd.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from jetson.package.assembly import PAYLOAD
from tests.jetson.programs import Programs

SCRIPT = PAYLOAD.parent / "flash.sh"
SSH = """\
while :; do case $1 in -o | -i) shift 2;; -O) exit 0;; *) break;; esac; done
shift
exec sh -c "$*"
"""


class Link:
    """A device behind a link, whose user may use sudo."""

    def __init__(self, folder: Path, result: str = "ok") -> None:
        self.state, self.units = folder / "state", folder / "units"
        self.units.mkdir()
        self.package = folder / "belisha_0.1.0+py310_arm64.deb"
        self.package.write_bytes(os.urandom(20_000))
        self.sha256 = hashlib.sha256(self.package.read_bytes()).hexdigest()
        self.part = Path(f"/var/tmp/belisha-flash-{self.sha256[:16]}")
        self.programs = programs = Programs(folder)
        programs.add("ssh", SSH)
        programs.add("sudo", 'shift; exec "$@"')  # it is called with -n
        programs.add("id", "echo 1000")
        programs.add("uname", "echo aarch64")
        programs.add("python3", "echo 3.10")
        programs.add("df", "echo; echo x 1 1 900 1% /")
        programs.add("dpkg", "true")
        programs.add("dpkg-query", "echo belisha 0.1.0+py310")
        programs.add("chown", "true")
        programs.add("sleep", "true")
        started = f"echo installing >> {self.state}/log; echo '{result}' > {self.state}/result"
        programs.add("systemctl", f'case "$*" in start*) {started};; esac')

    def flash(self, *words: str | Path) -> tuple[int, str]:
        """Exit code, and all that was said."""
        done = self.programs.run(
            SCRIPT, "--ssh", "driver@board", "--deb", self.package, "--without-camera", *words,
            BELISHA_FLASH_STATE=str(self.state), BELISHA_UNITS=str(self.units),
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def link(tmp_path: Path) -> Link:
    return Link(tmp_path)


def test_the_package_arrives_whole_with_its_order_and_the_result_is_told(link: Link) -> None:
    code, said = link.flash()
    assert code == 0, said
    assert (link.state / "new.deb").read_bytes() == link.package.read_bytes()
    assert (link.state / "pending").read_text() == f"{link.sha256} none 60 0\n"
    assert "installing" in said
    assert "done: belisha 0.1.0+py310 runs on driver@board" in said


def test_the_device_carries_the_order_out_at_its_next_boot_too(link: Link) -> None:
    link.flash()
    unit = (link.units / "belisha-flash.service").read_text()
    assert f"ConditionPathExists={link.state}/pending" in unit
    assert f"ExecStart=/bin/sh {link.state}/install" in unit
    assert "systemctl enable --quiet belisha-flash.service" in link.programs.calls


def test_what_needs_root_is_done_by_sudo(link: Link) -> None:
    link.flash()
    assert [call for call in link.programs.calls if call.startswith("sudo -n sh -c")]


def test_what_an_earlier_try_has_sent_is_not_sent_again(link: Link) -> None:
    link.part.write_bytes(link.package.read_bytes()[:12_345])
    assert link.flash()[0] == 0
    assert (link.state / "new.deb").read_bytes() == link.package.read_bytes()


def test_what_is_longer_than_the_package_is_sent_anew(link: Link) -> None:
    link.part.write_bytes(bytes(30_000))
    assert link.flash()[0] == 0
    assert (link.state / "new.deb").read_bytes() == link.package.read_bytes()


def test_a_configuration_goes_along(link: Link, tmp_path: Path) -> None:
    config = tmp_path / "car.yaml"
    config.write_text("camera: {source: 'it''s here'}\n")
    assert link.flash("--config", config)[0] == 0
    assert (link.state / "new.yaml").read_text() == config.read_text()


def test_a_failure_on_the_device_is_the_failure_of_the_command(tmp_path: Path) -> None:
    link = Link(tmp_path, result="failed: no frames; the former state is back")
    code, said = link.flash()
    assert code == 1
    assert "flash: failed: no frames; the former state is back; the log is in" in said


def test_the_same_package_that_runs_well_is_proven_again_without_being_sent(link: Link) -> None:
    link.flash()
    (link.state / "installed.deb").write_bytes(link.package.read_bytes())
    (link.state / "installed.sha256").write_text(link.sha256 + "\n")
    (link.state / "pending").unlink()
    code, said = link.flash()
    assert code == 0, said
    assert "this very package is installed and active; proving it again" in said
