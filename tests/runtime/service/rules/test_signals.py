"""Signals as clocks and people give them."""

from __future__ import annotations

from datetime import datetime

import pytest

from belisha.service.rules.signals import Signals, day_and_time, minutes_of, parse_signals


def test_a_wall_clock_gives_day_and_minutes() -> None:
    assert day_and_time(datetime(2026, 11, 24, 7, 30, 15)) == ("tue", 450.25)
    assert day_and_time(datetime(2026, 11, 29)) == ("sun", 0)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("0:00", 0), ("07:05", 425), ("23:59", 1439), ("24:00", 1440)]
    + [(wrong, None) for wrong in ("24:01", "7", "7:5", "07:60", "-1:00", "07:05:00", "")],
)
def test_times_of_day(text: str, minutes: float | None) -> None:
    assert minutes_of(text) == minutes


def test_signals_as_somebody_types_them() -> None:
    typed = {
        "light": "night", "speed_kmh": "62.5", "throttled": "yes", "region": "DE-BY",
        "time": "22:10", "customer": "absent",
    }  # fmt: skip
    assert parse_signals(typed) == Signals(
        light="night", speed_kmh=62.5, throttled=True, region="DE-BY", time=1330
    )
