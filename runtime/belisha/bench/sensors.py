"""Temperatures and clocks, from the files of Linux. Missing is `None` or absent, never 0."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys")
_PLAUSIBLE_C = (-40.0, 150.0)


@dataclass(frozen=True)
class Sensors:
    """One look at the sensors.

    Attributes:
        temperatures_c: thermal zone -> degrees Celsius, of the zones that answer.
        limits_c: thermal zone -> least of its passive, hot and critical trip points, from which
            on the system slows down or stops.
        frequency_mhz: mean of the cores' clocks.
    """

    temperatures_c: dict[str, float]
    limits_c: dict[str, float]
    frequency_mhz: float | None

    @property
    def hottest_c(self) -> float | None:
        """The highest temperature."""
        return max(self.temperatures_c.values(), default=None)

    @property
    def headroom_c(self) -> float | None:
        """Degrees that the zone nearest its limit has left."""
        known = self.temperatures_c.keys() & self.limits_c.keys()
        return min((self.limits_c[key] - self.temperatures_c[key] for key in known), default=None)


def read_sensors(system: Path = SYSTEM) -> Sensors:
    """Look once; `system` stands for /sys."""
    temperatures: dict[str, float] = {}
    limits: dict[str, float] = {}
    for zone in sorted((system / "class" / "thermal").glob("thermal_zone*")):
        name = _word(zone / "type") or zone.name
        name = name if name not in temperatures else f"{name}-{zone.name}"
        temperature = _degrees(zone / "temp")
        if temperature is None:
            continue
        temperatures[name] = temperature
        limit = _limit(zone)
        if limit is not None:
            limits[name] = limit
    return Sensors(temperatures, limits, _frequency(system))


def _limit(zone: Path) -> float | None:
    """The least trip point at which something is done about the heat."""
    points = [
        _degrees(zone / kind.name.replace("_type", "_temp"))
        for kind in zone.glob("trip_point_*_type")
        if _word(kind) in ("passive", "hot", "critical")
    ]
    return min((point for point in points if point is not None and point > 0), default=None)


def _frequency(system: Path) -> float | None:
    files = (system / "devices" / "system" / "cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq")
    words = [_word(file) or "" for file in files]
    clocks = [int(word) for word in words if re.fullmatch(r"[0-9]{1,8}", word)]
    return round(sum(clocks) / len(clocks) / 1e3, 1) if clocks else None


def _degrees(path: Path) -> float | None:
    """Degrees of a file that holds thousandths; nothing for an error, rubbish or nonsense."""
    word = _word(path)
    if not word or not re.fullmatch(r"-?\d+", word):
        return None
    degrees = int(word) / 1e3
    return degrees if _PLAUSIBLE_C[0] <= degrees <= _PLAUSIBLE_C[1] else None


def _word(path: Path) -> str | None:
    """What a one-line file says; a sensor that is asleep answers with an error."""
    try:
        return path.read_text(errors="replace").strip() or None
    except OSError:
        return None
