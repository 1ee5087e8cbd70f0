"""Signals come from the configuration, the clock, the picture and the car, and go stale."""

from __future__ import annotations

import math
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from belisha.errors import UsageError
from belisha.service.car_signals import CarSignals, SignalSettings
from belisha.service.health import HealthState
from tests.doubles import Told

HEALTH = HealthState(hottest_c=61.0, throttling=0.0, memory_free_mb=900.0)
NAN = math.nan


def send(path: Path, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as car:
        car.sendto(message, str(path))


def test_what_is_configured_and_measured_is_known(tmp_path: Path) -> None:
    signals = CarSignals(SignalSettings(customer="acme", region="DE"), tmp_path, Told())
    known = signals.gather(HEALTH, 0.25)
    assert (known.customer, known.region, known.light) == ("acme", "DE", None)
    assert (known.temperature_c, known.throttled, known.missed_share) == (61.0, False, 0.25)
    assert known.day is not None
    assert known.time is not None


def test_what_the_machine_does_not_report_is_absent(tmp_path: Path) -> None:
    known = CarSignals(SignalSettings(), tmp_path, Told()).gather(HealthState(), NAN)
    assert known.throttled is None
    assert math.isnan(known.temperature_c or 0.0)


def test_what_the_car_sends_counts_for_a_while(tmp_path: Path) -> None:
    signals = CarSignals(SignalSettings(listen="car.sock", expire_s=0.2), tmp_path, Told())
    send(tmp_path / "car.sock", b'{"speed_kmh": 31.5, "light": "dusk"}')
    known = signals.gather(HEALTH, NAN)
    assert (known.speed_kmh, known.light) == (31.5, "dusk")
    time.sleep(0.25)
    assert signals.gather(HEALTH, NAN).speed_kmh is None
    signals.close()
    assert not (tmp_path / "car.sock").exists()


@pytest.mark.parametrize("message", [b"junk", b"[]", b'{"time": 3}', b'{"speed_kmh": "fast"}'])
def test_what_cannot_be_understood_is_said_once(tmp_path: Path, message: bytes) -> None:
    told = Told()
    signals = CarSignals(SignalSettings(listen="car.sock"), tmp_path, told)
    for _ in range(3):
        send(tmp_path / "car.sock", message)
    assert signals.gather(HEALTH, NAN).speed_kmh is None
    assert len(told.sentences) == 1
    assert told.has("signals", "a message was not understood")
    signals.close()


def test_the_light_is_told_by_the_picture_with_a_margin(tmp_path: Path) -> None:
    signals = CarSignals(SignalSettings(), tmp_path, Told())

    def light(level: int) -> str | None:
        for _ in range(40):
            signals.look(np.full((48, 64, 3), level, np.uint8))
        return signals.gather(HEALTH, NAN).light

    assert [light(level) for level in (120, 67, 60, 73, 80, 20, 38, 45)] == [
        "day",
        "day",
        "dusk",
        "dusk",
        "day",
        "night",
        "night",
        "dusk",
    ]


def test_the_picture_may_be_left_out_of_it(tmp_path: Path) -> None:
    signals = CarSignals(SignalSettings(light_from_picture=False), tmp_path, Told())
    signals.look(np.full((48, 64, 3), 200, np.uint8))
    assert signals.gather(HEALTH, NAN).light is None


def test_a_successor_keeps_the_path_when_the_predecessor_goes(tmp_path: Path) -> None:
    before = CarSignals(SignalSettings(listen="car.sock"), tmp_path, Told())
    after = CarSignals(SignalSettings(listen="car.sock", expire_s=1), tmp_path, Told())
    before.close()
    send(tmp_path / "car.sock", b'{"speed_kmh": 12}')
    assert after.gather(HEALTH, NAN).speed_kmh == 12
    after.close()


def test_a_file_that_is_no_socket_is_never_replaced(tmp_path: Path) -> None:
    precious = tmp_path / "activity.db"
    precious.write_bytes(b"a week of entries")
    with pytest.raises(UsageError, match="is there and no socket"):
        CarSignals(SignalSettings(listen="activity.db"), tmp_path, Told())
    assert precious.read_bytes() == b"a week of entries"
