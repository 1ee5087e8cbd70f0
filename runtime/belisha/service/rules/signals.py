"""Signals: all that rules may ask about. The vocabulary is closed, so that rules can be proven."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from belisha.errors import UsageError

Light = Literal["day", "dusk", "night"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LIGHTS: tuple[Light, ...] = ("day", "dusk", "night")
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ABSENT = "absent"
"""What a condition asks for where a signal must be missing."""
MINUTES = 24 * 60


@dataclass(frozen=True)
class Signals:
    """What is known at a moment; `None`, NaN, or a value out of range is an absent signal.

    Attributes:
        light: `day`, `dusk` or `night`.
        speed_kmh: of the car.
        temperature_c: of the processor.
        throttled: whether the machine slows itself down.
        missed_share: share of the last seconds' frames that missed their deadline, 0 to 1.
        memory_free_mb: memory that is left.
        region: code such as `DE` or `DE-BY`; what is asked of `DE` holds for `DE-BY` too.
        customer: whose car it is.
        day: of the week, local.
        time: minutes since local midnight.
    """

    light: str | None = None
    speed_kmh: float | None = None
    temperature_c: float | None = None
    throttled: bool | None = None
    missed_share: float | None = None
    memory_free_mb: float | None = None
    region: str | None = None
    customer: str | None = None
    day: str | None = None
    time: float | None = None


@dataclass(frozen=True)
class Quantity:
    """A signal that is a number from `low` to `high`; what lies outside is no reading."""

    low: float
    high: float
    unit: str

    def words(self, value: float) -> str:
        """The value as people read it."""
        return f"{value:g} {self.unit}".rstrip()


QUANTITIES: dict[str, Quantity] = {
    "speed_kmh": Quantity(0, 400, "km/h"),
    "temperature_c": Quantity(-60, 150, "°C"),
    "missed_share": Quantity(0, 1, ""),
    "memory_free_mb": Quantity(0, 1e6, "MB"),
}
CHOICES: dict[str, tuple[Any, ...]] = {"light": LIGHTS, "throttled": (False, True), "day": DAYS}
CODES = ("region", "customer")
NAMES: tuple[str, ...] = tuple(field.name for field in fields(Signals))


def day_and_time(moment: datetime) -> tuple[Day, float]:
    """`Signals.day` and `Signals.time` of a local wall-clock time."""
    return DAYS[moment.weekday()], moment.hour * 60 + moment.minute + moment.second / 60


def clock_words(minutes: float) -> str:
    """605 -> 10:05."""
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}"


def minutes_of(text: str) -> float | None:
    """22:00 -> 1320; nothing if it is no time of day. 24:00 is the end of the day."""
    if not re.fullmatch(r"[0-9]{1,2}:[0-5][0-9]", text):
        return None
    hours, minutes = map(int, text.split(":"))
    total = hours * 60 + minutes
    return float(total) if total <= MINUTES else None


def parse_signals(words: Mapping[str, str]) -> Signals:
    """Signals as somebody types them: `light=night`, `time=22:10`, `throttled=yes`.

    Raises:
        UsageError: no such signal, or not a value of it.
    """
    values: dict[str, Any] = {}
    for name, text in words.items():
        if name not in NAMES:
            raise UsageError(f"no signal {name!r}: expected some of {', '.join(NAMES)}")
        values[name] = None if text == ABSENT else _value(name, text)
    return Signals(**values)


def _value(name: str, text: str) -> Any:
    if name in CODES:
        return text
    if name == "throttled":
        choices = {"yes": True, "true": True, "no": False, "false": False}
        if text in choices:
            return choices[text]
        raise UsageError(f"throttled: expected yes or no, got {text!r}")
    if name in CHOICES:
        if text in CHOICES[name]:
            return text
        raise UsageError(f"{name}: expected {', '.join(CHOICES[name])}, got {text!r}")
    if name == "time":
        minutes = minutes_of(text)
        if minutes is None or minutes == MINUTES:
            raise UsageError(f"time: expected a time of day such as 22:10, got {text!r}")
        return minutes
    return _number(name, text)


def _number(name: str, text: str) -> float:
    quantity = QUANTITIES[name]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not quantity.low <= number <= quantity.high:
        limits = f"{quantity.low:g} to {quantity.high:g} {quantity.unit}".rstrip()
        raise UsageError(f"{name}: expected a number, {limits}, got {text!r}")
    return number
