"""An installation proves itself or takes itself back, whoever has gone away meanwhile.

The device's programs are stand-ins; what they were told is what is looked at. `make virtual-jetson`
runs the same script against real systemd and dpkg.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from jetson.package.assembly import PAYLOAD
from tests.jetson.programs import Programs

SCRIPT = PAYLOAD.parent / "install_on_device.sh"
SYSTEMCTL = """\
[ "$1" = show ] || exit 0
case $4 in
  ActiveState) echo {state};;
  MainPID) echo 7;;
  NRestarts) echo 0;;
  WatchdogTimestampMonotonic) [ {frames} = no ] || date +%s%N; [ {frames} = yes ] || echo 5;;
esac
"""


class Device:
    """A device with an order to install `new.deb`."""

    def __init__(
        self,
        folder: Path,
        *,
        state: str = "active",
        golden: bool = True,
        frames: bool = True,
        installs: bool = True,
    ) -> None:
        self.state, self.etc = folder / "flash", folder / "etc"
        self.state.mkdir()
        self.etc.mkdir()
        (self.etc / "belisha.yaml").write_text("the owner's\n")
        (self.state / "new.deb").write_bytes(b"new")
        self.programs = programs = Programs(folder)
        # Waiting takes no time here, so that what takes too long is over at once.
        programs.add("sleep", "true")
        programs.add("systemctl", SYSTEMCTL.format(state=state, frames="yes" if frames else "no"))
        programs.add("dpkg", "true" if installs else 'case "$*" in *new.deb) exit 1;; esac')
        programs.add("runuser", "true" if golden else "exit 3")
        programs.add("journalctl", "echo the last words")
        programs.add("sync", "true")

    def order(self, *, camera: str = "camera", tried: int = 0, digest: str = "") -> str:
        """Carry the order out; the result."""
        digest = digest or hashlib.sha256(b"new").hexdigest()
        (self.state / "pending").write_text(f"{digest} {camera} 3 {tried}\n")
        self.programs.run(
            "sh", SCRIPT, BELISHA_FLASH_STATE=str(self.state), BELISHA_ETC=str(self.etc),
            BELISHA_ACTIVE_S="20",
        )  # fmt: skip
        return (self.state / "result").read_text().strip()

    def keep_former(self) -> None:
        """There is a package from before."""
        (self.state / "installed.deb").write_bytes(b"old")

    def did(self, words: str) -> bool:
        return any(words in call for call in self.programs.calls)


def test_what_proves_itself_stays_and_is_kept_to_come_back_to(tmp_path: Path) -> None:
    device = Device(tmp_path)
    assert device.order() == "ok"
    assert (device.state / "installed.deb").read_bytes() == b"new"
    assert not (device.state / "pending").exists()
    assert device.did("systemctl disable --quiet belisha-flash.service")
    assert not device.did("--purge")


def test_a_new_configuration_is_put_in_place(tmp_path: Path) -> None:
    device = Device(tmp_path)
    (device.state / "new.yaml").write_text("new\n")
    assert device.order() == "ok"
    assert (device.etc / "belisha.yaml").read_text() == "new\n"


FAULTS = {
    "frames": ({"frames": False}, "no frames were processed within 3 s: the last words"),
    "golden": ({"golden": False}, "the golden frames did not pass"),
    "service": ({"state": "activating"}, "the service does not start: the last words"),
    "dpkg": ({"installs": False}, "dpkg could not install it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_prove_itself_gives_way_to_the_former_package(
    tmp_path: Path, fault: str
) -> None:
    properties, words = FAULTS[fault]
    device = Device(tmp_path, **properties)  # type: ignore[arg-type]
    device.keep_former()
    (device.state / "new.yaml").write_text("new\n")
    result = device.order()
    assert result.startswith("failed: ")
    assert words in result
    assert device.did("--install " + str(device.state / "installed.deb"))
    assert (device.etc / "belisha.yaml").read_text() == "the owner's\n"
    assert (device.state / "installed.deb").read_bytes() == b"old"
    assert not (device.state / "pending").exists()


def test_without_a_former_package_the_device_is_left_as_it_was(tmp_path: Path) -> None:
    device = Device(tmp_path, golden=False)
    assert device.order().endswith("the former state is back")
    assert device.did("dpkg --purge belisha")


def test_a_device_without_a_camera_need_not_show_frames(tmp_path: Path) -> None:
    assert Device(tmp_path, frames=False).order(camera="none") == "ok"


def test_a_package_that_was_damaged_on_its_way_changes_nothing(tmp_path: Path) -> None:
    device = Device(tmp_path)
    assert device.order(digest="0" * 64) == (
        "failed: the package was damaged on its way; nothing was changed"
    )
    assert not device.did("--install")


def test_an_installation_that_power_cuts_never_let_finish_is_given_up(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.keep_former()
    assert device.order(tried=3).startswith("failed: it was begun 3 times and never finished")
    assert device.did("--install " + str(device.state / "installed.deb"))


def test_what_a_power_cut_left_half_done_is_finished_first(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.order(tried=1)
    calls = [call for call in device.programs.calls if call.startswith("dpkg")]
    assert calls[0] == "dpkg --configure -a"


def test_without_an_order_nothing_happens(tmp_path: Path) -> None:
    device = Device(tmp_path)
    done = device.programs.run("sh", SCRIPT, BELISHA_FLASH_STATE=str(device.state))
    assert done.returncode == 0
    assert device.programs.calls == []


def test_a_service_that_ends_again_and_again_is_not_waited_for(tmp_path: Path) -> None:
    device = Device(tmp_path, state="activating")
    restarts = tmp_path / "restarts"
    restarts.write_text("3\n")
    device.programs.add(
        "systemctl",
        f"case $4 in NRestarts) n=$(cat {restarts}); echo $n; echo $((n + 1)) > {restarts};; "
        "ActiveState) echo activating;; esac",
    )
    assert "the service does not start" in device.order()
    waits = [call for call in device.programs.calls if call.startswith("sleep")]
    assert len(waits) < 10
