"""Power mode, clocks and heat."""

from __future__ import annotations

from pathlib import Path

from belisha.bench.accelerator import Jetson
from belisha.bench.environment import read_text
from belisha.bench.sensors import Sensors
from belisha.doctor.finding import Finding

STATE = Path("/run/belisha-power/state")
"""What the power unit has left."""
_LEAST_HEADROOM_C = 10.0


def examine_power(jetson: Jetson | None, state: Path = STATE) -> Finding:
    """Whether the power mode and clocks are as /etc/belisha/power.conf wants them.

    Args:
        jetson: the board, if it is one.
        state: the power unit's file.
    """
    if jetson is None:
        return Finding("power", "ok", "not a Jetson: nothing to set")
    word, _, text = read_text(state).strip().partition(": ")
    if word == "ok":
        return Finding("power", "ok", text)
    if word == "reboot":
        return Finding("power", "note", text, "sudo reboot")
    if word == "failed":
        return Finding(
            "power", "trouble", text,
            "correct /etc/belisha/power.conf, then sudo systemctl restart belisha-power",
        )  # fmt: skip
    mode = jetson.power_mode or "unknown"
    return Finding(
        "power", "note", f"power mode {mode}; clocks were not set at boot",
        "sudo systemctl enable --now belisha-power",
    )  # fmt: skip


def examine_heat(sensors: Sensors) -> Finding:
    """Whether there is room before the system slows down."""
    if sensors.hottest_c is None:
        return Finding("heat", "ok", "no temperature can be read here")
    words = f"{sensors.hottest_c:.0f} degrees Celsius"
    headroom_c = sensors.headroom_c
    if headroom_c is None:
        return Finding("heat", "ok", words)
    words += f", {headroom_c:.0f} before it slows down"
    if headroom_c < _LEAST_HEADROOM_C:
        return Finding("heat", "note", words, "cool it better, or choose a lower power mode")
    return Finding("heat", "ok", words)
