"""What the power unit left is told in its words, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.bench.accelerator import Jetson
from belisha.bench.sensors import Sensors
from belisha.doctor.power import examine_heat, examine_power

BOARD = Jetson("Orin Nano", "36.4.3", "6.1", "15W")


@pytest.mark.parametrize(
    ("text", "state", "advice"),
    [
        ("ok: power mode MAXN, clocks max", "ok", ""),
        ("reboot: power mode 'MAXN' is in force after a reboot", "note", "sudo reboot"),
        ("failed: this board has no power mode 'WARP'", "trouble", "power.conf"),
    ],
)
def test_each_outcome_of_the_unit(tmp_path: Path, text: str, state: str, advice: str) -> None:
    (tmp_path / "state").write_text(text + "\n")
    finding = examine_power(BOARD, tmp_path / "state")
    assert (finding.state, finding.text) == (state, text.partition(": ")[2])
    assert advice in finding.advice


def test_a_unit_that_never_ran_is_noticed(tmp_path: Path) -> None:
    finding = examine_power(BOARD, tmp_path / "state")
    assert finding.state == "note"
    assert "systemctl enable --now belisha-power" in finding.advice


def test_elsewhere_there_is_no_power_mode(tmp_path: Path) -> None:
    assert examine_power(None, tmp_path / "state").state == "ok"


@pytest.mark.parametrize(("temperature_c", "state"), [(50.0, "ok"), (92.0, "note")])
def test_heat_counts_from_where_the_system_slows_down(temperature_c: float, state: str) -> None:
    finding = examine_heat(Sensors({"cpu": temperature_c}, {"cpu": 99.0}, None))
    assert finding.state == state
    assert f"{99 - temperature_c:.0f} before it slows down" in finding.text


def test_a_missing_sensor_is_not_a_cold_one() -> None:
    assert examine_heat(Sensors({}, {}, None)).text == "no temperature can be read here"
