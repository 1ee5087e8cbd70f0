"""Faults, endurance and live figures run with the real service, and say what they found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import COMMANDS
from benchmarks.service.rtsp_server import why_not

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def measured(*arguments: str) -> Any:
    """The document of a command, run in a process of its own: one of them limits its files."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'runtime'}:{ROOT}", "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_fault_is_seen_and_recovered_from() -> None:
    rows = {row["name"]: row for row in measured("faults")["faults"]}
    assert len(rows) == 11
    for name, row in rows.items():
        assert row["seen_s"] is not None, name
        assert row["recovered_s"] is not None, name
    for mode in ("unplugged", "silent", "frozen", "black", "cut off"):
        assert rows[f"camera {mode}"]["seen_s"] < 1.5  # 1 s where the machine is not busy


def test_minutes_of_service_leave_no_frame_uncounted(tmp_path: Path) -> None:
    curve = tmp_path / "curve.jsonl"
    result = measured("endurance", "--hours", "0.02", "--curve", str(curve))
    assert result["uncounted"] == 0
    assert result["counts"]["captured"] >= 2160
    assert result["log_last"] >= 72
    assert result["page_opened"] == 10
    assert len(result["memory"]) == 100
    assert [json.loads(line) for line in curve.read_text().splitlines()] == result["memory"]


def test_it_is_told_where_the_time_of_an_end_goes() -> None:
    (file, *rest) = measured("stops", "--count", "2")["stops"]
    assert [one["camera"] for one in rest] == ([] if why_not() else ["RTSP"])
    for one in (file, *rest):
        assert len(one["total_ms"]) == 2
        assert set(one["laps_ms"]) >= {"turn", "LiveCamera", "Outlets", "others"}
        medians = sum(half for half, _ in one["laps_ms"].values())
        assert medians <= max(one["total_ms"]) < 3000  # a second where the machine is not busy


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_live_figures_come_from_a_file_and_from_rtsp() -> None:
    paced, rtsp = measured("service", "--seconds", "5")["service"]
    for one in (paced, rtsp):
        assert 30 < one["captured"] < 260  # 8 seconds at 30 a second; fewer where it is busy
        assert one["processed"] > 0
        assert one["captured"] - one["processed"] - one["dropped"] - one["failed"] in (0, 1, 2)


def test_the_commands_teach_by_example() -> None:
    for name in ("service", "endurance", "faults", "stops"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", name, "--help"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'runtime'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        )
        assert f"python -m benchmarks {name}" in done.stdout
        assert name in COMMANDS
