"""How the machine is, from its files; what is not there is NaN and never a comfortable 0."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from pathlib import Path

import pytest

from belisha.service.health import Health, HealthState, HealthWatch
from tests.doubles import wait_until
from tests.runtime.service.trees import JETSON, LAPTOP, LARGE_JETSON, plant


def known(state: HealthState) -> dict[str, float]:
    return {k: round(v, 4) for k, v in dataclasses.asdict(state).items() if not math.isnan(v)}


def test_a_jetson(tmp_path: Path) -> None:
    assert known(Health(plant(tmp_path, JETSON)).read()) == {
        "hottest_c": 63.25,
        "headroom_c": 35.75,
        "clock_mhz": 1510.4,
        "clock_share": 0.7499,
        "gpu_mhz": 612.0,
        "gpu_share": 0.6667,
        "throttling": 0.25,  # of the processors; the fan at its most costs no speed
        "throttle_events": 7.0,
        "power_w": 8.8563,  # of the rail that feeds all others
        "memory_mb": 128.0,
        "memory_free_mb": 4096.0,
    }


def test_a_jetson_without_a_rail_for_the_whole_board_and_with_parts_asleep(tmp_path: Path) -> None:
    assert known(Health(plant(tmp_path, LARGE_JETSON)).read()) == {
        "hottest_c": 49.0,
        "throttle_events": 0.0,
    }


def test_a_laptop_reports_other_things(tmp_path: Path) -> None:
    assert known(Health(plant(tmp_path, LAPTOP)).read()) == {
        "hottest_c": 48.0,
        "throttling": 0.0,  # an idle power clamp says -1, a dark screen is no brake
        "throttle_events": 7.0,
        "memory_free_mb": 12288.0,
    }


def test_a_machine_that_reports_nothing_is_not_well_but_unknown(tmp_path: Path) -> None:
    assert known(Health(tmp_path).read()) == {}


@pytest.mark.parametrize("nonsense", ["", "-1e9", "nan", "\x00\xff", "9" * 30, "0x10"])
def test_nonsense_is_absent(tmp_path: Path, nonsense: str) -> None:
    tree = {
        name: text if name.endswith(("type", "label")) else nonsense
        for name, text in JETSON.items()
    }
    assert known(Health(plant(tmp_path, tree)).read()) == {}


@pytest.mark.parametrize("gone", sorted(JETSON))
def test_any_file_may_be_missing(tmp_path: Path, gone: str) -> None:
    whole = known(Health(plant(tmp_path, JETSON)).read())
    (tmp_path / gone).unlink()
    left = known(Health(tmp_path).read())
    assert left.keys() <= whole.keys()
    assert len(left) >= len(whole) - 2


def test_the_disk_is_that_of_the_log(tmp_path: Path) -> None:
    assert Health(tmp_path, disk=tmp_path).read().disk_free_mb > 0
    assert math.isnan(Health(tmp_path, disk=tmp_path / "absent").read().disk_free_mb)


def test_this_machine_can_be_looked_at_again_and_again() -> None:
    watch = HealthWatch(Health().read, every_s=0.01)
    end = time.monotonic() + 30
    while math.isnan(watch.latest.memory_mb):
        assert time.monotonic() < end
    assert watch.latest.memory_mb > 10
    watch.close()


def test_a_look_that_fails_reports_nothing_and_the_next_may_go_well() -> None:
    looks = iter([HealthState(hottest_c=61.0), OSError("unplugged"), HealthState(hottest_c=62.0)])

    def read() -> HealthState:
        seen = next(looks, HealthState(hottest_c=63.0))
        if isinstance(seen, OSError):
            raise seen
        return seen

    watch = HealthWatch(read, every_s=0.02)
    assert wait_until(lambda: watch.latest.hottest_c == 63.0)
    watch.close()


def test_a_sensor_that_hangs_reports_nothing_after_a_while() -> None:
    hanging = threading.Event()
    looks = iter([HealthState(hottest_c=99.0)])

    def read() -> HealthState:
        for seen in looks:
            return seen
        hanging.wait()
        return HealthState()

    watch = HealthWatch(read, every_s=0.01, stale_s=0.3)
    assert wait_until(lambda: watch.latest.hottest_c == 99.0)
    assert wait_until(lambda: math.isnan(watch.latest.hottest_c))
    begun = time.monotonic()
    watch.close()
    assert time.monotonic() - begun < 2, "who hangs is not waited for"
    hanging.set()
