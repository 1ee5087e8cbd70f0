"""What an activity log adds up to: by the hour, the hour of the day, the model, the rule."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple, TypeVar

from belisha.service.activity_entries import Content, Event, Second, Stamp
from belisha.service.bucket_percentiles import upper_percentile

K = TypeVar("K")

MAX_KEPT_EVENTS = 500
"""Of the warnings and alarms that are listed; the newest."""
_COUNTED = ("captured", "processed", "dropped", "missed", "failed", "people", "with_people")


@dataclass
class Tally:
    """Seconds added up.

    Attributes:
        seconds: how many; each stands for about one second.
        captured, processed, dropped, missed, failed, people, with_people: as in `Second`.
        latency_ms: upper edge of a bucket -> decisions.
        worst_ms: the longest; NaN without a decision.
        hottest_c: the hottest; NaN where unknown.
        energy_ws: watts times seconds, of the seconds that know them.
        powered_s: how many those are.
    """

    seconds: int = 0
    captured: int = 0
    processed: int = 0
    dropped: int = 0
    missed: int = 0
    failed: int = 0
    people: int = 0
    with_people: int = 0
    latency_ms: Counter[float] = field(default_factory=Counter)
    worst_ms: float = math.nan
    hottest_c: float = math.nan
    energy_ws: float = 0.0
    powered_s: int = 0

    @staticmethod
    def of(second: Second) -> Tally:
        """One second alone."""
        powered = math.isfinite(second.power_w)
        return Tally(
            seconds=1,
            latency_ms=Counter(dict(second.latency_ms)),
            worst_ms=second.worst_ms,
            hottest_c=second.hottest_c,
            energy_ws=second.power_w if powered else 0.0,
            powered_s=int(powered),
            **{name: getattr(second, name) for name in _COUNTED},
        )

    def merge(self, other: Tally) -> None:
        """Take all seconds of another tally."""
        for name in ("seconds", "energy_ws", "powered_s", *_COUNTED):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for edge, count in other.latency_ms.items():
            self.latency_ms[edge] += count
        self.worst_ms = _larger(self.worst_ms, other.worst_ms)
        self.hottest_c = _larger(self.hottest_c, other.hottest_c)

    def percentile_ms(self, fraction: float) -> float | None:
        """Camera to decision, by the upper edge of a bucket; nothing from too few decisions."""
        return upper_percentile(sorted(self.latency_ms.items()), fraction)

    @property
    def late_share(self) -> float:
        """Frames of a hundred that led to no decision in time; NaN without frames."""
        frames = self.processed + self.dropped + self.failed
        return 100 * (self.missed + self.dropped + self.failed) / frames if frames else math.nan

    @property
    def power_w(self) -> float:
        """Mean of what the board took; NaN where unknown."""
        return self.energy_ws / self.powered_s if self.powered_s else math.nan

    def document(self) -> dict[str, Any]:
        """For JSON; what is not known is null."""
        names = ("seconds", *_COUNTED)
        known = {name: getattr(self, name) for name in names}
        measured = {
            **{f"p{share}_ms": self.percentile_ms(share / 100) for share in (50, 90, 99)},
            "worst_ms": self.worst_ms,
            "late_percent": self.late_share,
            "hottest_c": self.hottest_c,
            "power_w": self.power_w,
        }
        return {
            **known,
            **{
                name: None if value is None or math.isnan(value) else round(value, 3)
                for name, value in measured.items()
            },
        }


@dataclass(frozen=True)
class Statistics:
    """A log, added up.

    Attributes:
        since, until: of the entries counted, UTC; `None` without any.
        total: of all seconds.
        groups: grouping -> key -> tally, keys in order of time or first appearance.
        minutes: start of a minute, UTC -> tally.
        events: (level, name) -> how many.
        notable: the newest warnings and alarms, the oldest first.
    """

    since: datetime | None
    until: datetime | None
    total: Tally
    groups: Mapping[str, Mapping[str, Tally]]
    minutes: Mapping[datetime, Tally]
    events: Mapping[tuple[str, str], int]
    notable: tuple[tuple[Stamp, Event], ...]


def add_up(entries: Iterable[tuple[Content, Stamp]]) -> Statistics:
    """Go once through a log; memory grows with its minutes, not with its entries."""
    cells: dict[_Cell, Tally] = {}
    events: Counter[tuple[str, str]] = Counter()
    notable: deque[tuple[Stamp, Event]] = deque(maxlen=MAX_KEPT_EVENTS)
    since = until = None
    for content, stamp in entries:
        since, until = since or stamp.utc, stamp.utc
        if isinstance(content, Event):
            events[content.level, content.name] += 1
            if content.level != "info":
                notable.append((stamp, content))
        elif isinstance(content, Second):
            minute = stamp.utc.astimezone(timezone.utc).replace(second=0, microsecond=0)
            cell = _Cell(minute, content.bundle, content.engine, content.rule)
            cells.setdefault(cell, Tally()).merge(Tally.of(content))
    total = Tally()
    for tally in cells.values():
        total.merge(tally)
    groups = {name: _grouped(cells, key) for name, key in _KEYS.items()}
    groups["hour of the day"] = dict(sorted(groups["hour of the day"].items()))
    minutes = _grouped(cells, lambda cell: cell.minute)
    return Statistics(since, until, total, groups, minutes, events, tuple(notable))


class _Cell(NamedTuple):
    """What is added up first: a minute with one model, engine and rule."""

    minute: datetime
    bundle: str
    engine: str
    rule: str


_KEYS: Mapping[str, Callable[[_Cell], str]] = {
    "hour": lambda cell: f"{cell.minute:%Y-%m-%d %H}:00",
    "hour of the day": lambda cell: f"{cell.minute:%H}:00",
    "day": lambda cell: f"{cell.minute:%Y-%m-%d}",
    "bundle": lambda cell: cell.bundle or "-",
    "engine": lambda cell: cell.engine or "-",
    "rule": lambda cell: cell.rule or "-",
}
GROUPINGS = tuple(_KEYS)


def _grouped(cells: Mapping[_Cell, Tally], key: Callable[[_Cell], K]) -> dict[K, Tally]:
    groups: dict[K, Tally] = {}
    for cell, tally in cells.items():
        groups.setdefault(key(cell), Tally()).merge(tally)
    return groups


def _larger(first: float, second: float) -> float:
    """The larger; a NaN is passed over."""
    if math.isnan(first):
        return second
    return first if math.isnan(second) else max(first, second)
