"""Power mode and clocks: set, read back, and what came of it is left for 'belisha doctor'.

nvpmodel and jetson_clocks are stand-ins that answer as NVIDIA's do.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jetson.package.assembly import PAYLOAD
from tests.jetson.programs import Programs

TABLE = """\
< POWER_MODEL ID=0 NAME=15W >
< POWER_MODEL ID=2 NAME=MAXN_SUPER >
"""
SAY = "echo 'NV Power Mode:"
NAMES = f"case $(cat {{mode}}) in 0) {SAY} 15W';; 2) {SAY} MAXN_SUPER';; esac"


class Board:
    """A board with two power modes, of which one may need a reboot."""

    def __init__(self, folder: Path, *, reboot: bool = False, clocks_hold: bool = True) -> None:
        self.folder, self.programs = folder, Programs(folder)
        self.mode, self.state = folder / "mode", folder / "state"
        self.mode.write_text("0\n")
        (folder / "nvpmodel.conf").write_text(TABLE)
        take = "read answer; [ $answer = yes ] || exit 0" if reboot else "true"
        names = NAMES.format(mode=self.mode)
        self.programs.add(
            "nvpmodel",
            f"case $1 in -q) {names}; cat {self.mode};; -m) {take}; echo $2 > {self.mode};; esac",
        )
        least = 1728000 if clocks_hold else 729600
        shown = f"cpu0: Online=1 Governor=schedutil MinFreq={least} MaxFreq=1728000 CurrentFreq=1"
        self.programs.add("jetson_clocks", f"[ -z $1 ] || echo '{shown}'")

    def set(self, config: str) -> tuple[int, str]:
        """Exit code and state of a run with this configuration."""
        path = self.folder / "power.conf"
        path.write_text(config)
        done = self.programs.run(
            PAYLOAD / "power", path, self.state, NVPMODEL_CONF=str(self.folder / "nvpmodel.conf")
        )
        return done.returncode, self.state.read_text().strip()


@pytest.mark.parametrize("mode", ["MAXN_SUPER", "2"])
def test_a_mode_is_set_by_name_or_number_and_read_back(tmp_path: Path, mode: str) -> None:
    board = Board(tmp_path)
    assert board.set(f"MODE={mode}\nCLOCKS=max\n") == (0, "ok: power mode MAXN_SUPER, clocks max")
    assert board.mode.read_text() == "2\n"
    assert "nvpmodel -m 2" in board.programs.calls


def test_clocks_come_after_the_mode_which_would_reset_them(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.set("MODE=2\nCLOCKS=max\n")
    calls = board.programs.calls
    assert calls.index("nvpmodel -m 2") < calls.index("jetson_clocks ")


def test_a_mode_that_is_in_force_is_not_set_again(tmp_path: Path) -> None:
    board = Board(tmp_path)
    assert board.set("MODE=15W\n")[0] == 0
    assert not [call for call in board.programs.calls if "-m" in call]


def test_an_empty_mode_leaves_the_board_as_it_is(tmp_path: Path) -> None:
    board = Board(tmp_path)
    assert board.set("MODE=\nCLOCKS=\n") == (0, "ok: power mode 15W, clocks as they are")
    assert board.mode.read_text() == "0\n"


def test_a_mode_that_needs_a_reboot_is_never_answered_with_yes(tmp_path: Path) -> None:
    board = Board(tmp_path, reboot=True)
    code, state = board.set("MODE=MAXN_SUPER\n")
    assert (code, board.mode.read_text()) == (0, "0\n")
    assert state.startswith("reboot: power mode 'MAXN_SUPER' is in force after a reboot")


def test_a_mode_that_the_board_has_not_is_a_failure_with_where_to_look(tmp_path: Path) -> None:
    code, state = Board(tmp_path).set("MODE=WARP\n")
    assert code == 1
    assert state.startswith("failed: this board has no power mode 'WARP': see 'grep POWER_MODEL")


def test_clocks_that_do_not_hold_are_noticed(tmp_path: Path) -> None:
    code, state = Board(tmp_path, clocks_hold=False).set("CLOCKS=max\n")
    assert (code, state) == (1, "failed: jetson_clocks did not hold the clocks of: cpu0")


def test_elsewhere_there_is_nothing_to_set(tmp_path: Path) -> None:
    (tmp_path / "power.conf").write_text("MODE=MAXN\nCLOCKS=max\n")
    state = tmp_path / "state"
    done = Programs(tmp_path).run(PAYLOAD / "power", tmp_path / "power.conf", state)
    assert done.returncode == 0
    assert state.read_text() == "ok: no nvpmodel here: nothing to set\n"


def test_the_configuration_that_is_shipped_keeps_the_mode_and_holds_the_clocks(
    tmp_path: Path,
) -> None:
    board = Board(tmp_path)
    assert board.set((PAYLOAD / "power.conf").read_text()) == (0, "ok: power mode 15W, clocks max")
