"""Verdicts of the virtual Jetson: what the shell leaves is read as it is meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from belisha.cli.dispatch import dispatch
from belisha.errors import UsageError
from jetson.__main__ import COMMANDS
from jetson.commands.trials import read_tier, read_trial

PASSED = "words\tb: kill -9\nnote\tkill, s\t24.9\nseconds\t61.5\nload\t0.42\npassed\tab12\n"
FAILED = "words\tb: reboot\nnote\twhy\tit did not come back\nseconds\t9.0\nload\t3\nfailed\tab12\n"
SKIPPED = (
    "words\tc: a kernel of its own\nnote\twhy\tno qemu-img: apt-get install qemu-utils\nskipped\n"
)


def leave(folder: Path, name: str, text: str, at: int = 0) -> Path:
    """A verdict that was left `at` seconds after the first."""
    path = folder / name
    path.write_text(text)
    os.utime(path, (1000 + at, 1000 + at))
    return path


def trials(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, list[str]]:
    """Exit code, and the lines that were printed."""
    code = dispatch("jetson", "", COMMANDS, ["trials", *map(str, words)])
    return code, capsys.readouterr().out.splitlines()


def test_a_verdict_has_its_time_its_load_and_what_was_measured(tmp_path: Path) -> None:
    trial = read_trial(leave(tmp_path, "b-kill", PASSED))
    assert (trial.name, trial.words) == ("b-kill", "b: kill -9")
    assert (trial.verdict, trial.seconds, trial.load) == ("passed", 61.5, 0.42)
    assert trial.notes == {"kill, s": "24.9"}


def test_trials_stand_in_the_order_in_which_they_ended_without_their_logs(tmp_path: Path) -> None:
    leave(tmp_path, "b-reboot", FAILED, at=1)
    leave(tmp_path, "b-kill", PASSED, at=0)
    leave(tmp_path, "b-kill.log", "much was said\n")
    leave(tmp_path, "c", SKIPPED)
    assert [trial.name for trial in read_tier(tmp_path, "b")] == ["b-kill", "b-reboot"]


def test_a_failure_is_the_failure_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(tmp_path, "b-kill", PASSED)
    assert trials(capsys, tmp_path)[0] == 0
    leave(tmp_path, "b-reboot", FAILED)
    code, lines = trials(capsys, tmp_path)
    assert code == 1
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert any("it did not come back" in line for line in lines)


def test_a_tier_that_cannot_be_tried_says_why_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(tmp_path, "c", SKIPPED)
    code, lines = trials(capsys, tmp_path, "--tiers", "c")
    assert code == 0
    assert any("apt-get install qemu-utils" in line for line in lines)


def test_all_of_it_is_there_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(tmp_path, "b-kill", PASSED)
    out = tmp_path / "result.json"
    trials(capsys, tmp_path, "--out", out)
    document = json.loads(out.read_text())
    assert document["count"] == {"passed": 1, "failed": 0, "skipped": 0}
    assert document["trials"][0]["seconds"] == 61.5


@pytest.mark.parametrize("text", ["", "words\tx\n", "passed\tab12\n", PASSED + "failed\tab12\n"])
def test_what_is_no_verdict_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="b-kill: expected a trial's verdict"):
        read_trial(leave(tmp_path, "b-kill", text))


def test_a_folder_without_verdicts_says_how_to_get_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch("jetson", "", COMMANDS, ["trials", str(tmp_path)]) == 2
    assert "make virtual-jetson" in capsys.readouterr().err
