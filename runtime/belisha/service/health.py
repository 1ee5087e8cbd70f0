"""How the machine is: heat, clocks, throttling, power, memory, disk, from the files of Linux.

What a machine does not report is NaN, never 0. Temperatures and clocks are those of
`belisha.bench.sensors`; a Jetson adds its GPU's clock, its power monitors (INA3221) and the
counters of its over-current throttling.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from belisha.bench.environment import read_text
from belisha.bench.sensors import read_sensors

STALE_S = 10.0
"""A look at the machine that is older says nothing about it."""
_NAN = float("nan")
_MAX_WATTS = 1000.0
_WHOLE_BOARD = ("VDD_IN", "POM_5V_IN")
"""Labels of the rail that feeds all others; boards without one have no sum that is worth a name."""
_GPU = re.compile(r"gpu|ga10b|gv11b|gp10b")
_BRAKES = re.compile(r"(?i)cpu|gpu|soc|processor|devfreq|powerclamp")
"""Types of cooling devices that slow processors; fans and dimmed screens cost no speed."""


@dataclass(frozen=True, kw_only=True)
class HealthState:
    """One look at the machine; NaN is 'not reported'.

    Attributes:
        hottest_c: the hottest thermal zone.
        headroom_c: degrees that the zone nearest its limit has left before something slows down.
        clock_mhz: mean of the cores' clocks.
        clock_share: the same as a share of what they can do.
        gpu_mhz, gpu_share: likewise of the GPU.
        throttling: from 0 to 1, how far the system brakes its processors because of heat.
        throttle_events: how often it did so for heat or current since it was started.
        power_w: what the board takes.
        memory_mb: resident memory of this process.
        memory_free_mb: memory that could still be had.
        disk_free_mb: room left where the log is.
    """

    hottest_c: float = _NAN
    headroom_c: float = _NAN
    clock_mhz: float = _NAN
    clock_share: float = _NAN
    gpu_mhz: float = _NAN
    gpu_share: float = _NAN
    throttling: float = _NAN
    throttle_events: float = _NAN
    power_w: float = _NAN
    memory_mb: float = _NAN
    memory_free_mb: float = _NAN
    disk_free_mb: float = _NAN


class Health:
    """Looks at the machine when asked; a look takes milliseconds, so not in the loop.

    Args:
        root: stands for `/`.
        disk: a folder on the disk to watch; no disk is watched without it.
    """

    def __init__(self, root: Path = Path("/"), disk: Path | None = None) -> None:
        self._sys, self._proc, self._disk = root / "sys", root / "proc", disk

    def read(self) -> HealthState:
        """Look once."""
        sensors = read_sensors(self._sys)
        clock_mhz = _or_nan(sensors.frequency_mhz)
        gpu_mhz, gpu_limit_mhz = self._gpu_mhz()
        return HealthState(
            hottest_c=_or_nan(sensors.hottest_c),
            headroom_c=_or_nan(sensors.headroom_c),
            clock_mhz=clock_mhz,
            clock_share=clock_mhz / self._clock_limit_mhz(),
            gpu_mhz=gpu_mhz,
            gpu_share=gpu_mhz / gpu_limit_mhz,
            throttling=self._throttling(),
            throttle_events=self._throttle_events(),
            power_w=self._power_w(),
            memory_mb=_megabytes(self._proc / "self" / "status", "VmRSS"),
            memory_free_mb=_megabytes(self._proc / "meminfo", "MemAvailable"),
            disk_free_mb=self._disk_free_mb(),
        )

    def _clock_limit_mhz(self) -> float:
        """Mean of what the cores can do at most."""
        limits = [
            _number(file)
            for file in self._sys.glob("devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq")
        ]
        return _mean([limit for limit in limits if limit > 0]) / 1e3

    def _gpu_mhz(self) -> tuple[float, float]:
        """Clock of a Jetson's GPU, and its limit."""
        for device in sorted(self._sys.glob("class/devfreq/*")):
            if _GPU.search(device.name):
                limit = _number(device / "max_freq")
                return _number(device / "cur_freq") / 1e6, limit / 1e6 if limit > 0 else _NAN
        return _NAN, _NAN

    def _throttling(self) -> float:
        """The furthest of the cooling devices that slow processors."""
        shares = []
        for device in self._sys.glob("class/thermal/cooling_device*"):
            now, most = _number(device / "cur_state"), _number(device / "max_state")
            if most > 0 and now >= 0 and _BRAKES.search(read_text(device / "type")):
                shares.append(min(now / most, 1.0))
        return max(shares, default=_NAN)

    def _throttle_events(self) -> float:
        """Counters of x86 cores, and of the over-current protection of a Jetson, added up."""
        counters = [
            *self._sys.glob("devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_count"),
            *self._sys.glob("class/hwmon/hwmon*/oc[0-9]*_event_cnt"),
        ]
        counts = [count for file in counters if not math.isnan(count := _number(file))]
        return float(sum(counts)) if counts else _NAN

    def _power_w(self) -> float:
        """What the rail that feeds the board carries; some of the other rails are not the sum."""
        for label, watts in self._rails():
            if label in _WHOLE_BOARD:
                return watts if 0 <= watts <= _MAX_WATTS else _NAN
        return _NAN

    def _rails(self) -> Iterator[tuple[str, float]]:
        for label in sorted(self._sys.glob("class/hwmon/hwmon*/in[0-9]*_label")):
            channel = label.name[2 : -len("_label")]
            millivolts = _number(label.with_name(f"in{channel}_input"))
            milliamperes = _number(label.with_name(f"curr{channel}_input"))
            yield read_text(label).strip(), millivolts * milliamperes / 1e6

    def _disk_free_mb(self) -> float:
        if self._disk is None:
            return _NAN
        try:
            found = os.statvfs(self._disk)
        except OSError:
            return _NAN
        return found.f_bavail * found.f_frsize / 1e6


class HealthWatch:
    """Looks again and again in a thread of its own, so that a slow sensor costs nobody time.

    Args:
        read: looks once.
        every_s: pause between two looks.
        stale_s: a look that is older tells nothing any more.
    """

    def __init__(
        self, read: Callable[[], HealthState], every_s: float = 1.0, stale_s: float = STALE_S
    ) -> None:
        self._read, self._every_s, self._stale_s = read, every_s, stale_s
        self._last = (time.monotonic(), HealthState())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="health", daemon=True)
        self._thread.start()

    @property
    def latest(self) -> HealthState:
        """The last look; nothing is reported while a sensor hangs or fails."""
        seen_s, state = self._last
        return state if time.monotonic() - seen_s <= self._stale_s else HealthState()

    def close(self) -> None:
        """Stop looking; a sensor that hangs is not waited for."""
        self._stop.set()
        self._thread.join(0.2)

    def _work(self) -> None:
        while True:
            try:
                state = self._read()
            except Exception:  # files of the kernel come and go; what was not seen is NaN
                state = HealthState()
            self._last = (time.monotonic(), state)
            if self._stop.wait(self._every_s):
                return


def _or_nan(value: float | None) -> float:
    return _NAN if value is None else float(value)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else _NAN


def _megabytes(path: Path, name: str) -> float:
    """A line such as `VmRSS:  1234 kB`."""
    found = re.search(rf"^{name}:\s+(\d+) kB", read_text(path), re.MULTILINE)
    return float(found.group(1)) * 1024 / 1e6 if found else _NAN


def _number(path: Path) -> float:
    word = read_text(path).strip()
    return float(word) if re.fullmatch(r"-?\d{1,18}", word) else _NAN
