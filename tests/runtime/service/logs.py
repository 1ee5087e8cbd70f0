"""Activity logs to try things on, written by the real log with clocks that a test sets."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event, Second

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


class Clocks:
    """A wall clock and a running time that go on by a second when they are told."""

    def __init__(self) -> None:
        self.now, self.up = NOON, 100.0

    def utc(self) -> datetime:
        return self.now

    def up_s(self) -> float:
        return self.up

    def tick(self, seconds: float = 1.0) -> None:
        self.now += timedelta(seconds=seconds)
        self.up += seconds


def busy_second(people: int = 2, **changed: object) -> Second:
    """A second of a camera at 30 frames a second."""
    usual: dict[str, object] = {
        "captured": 30,
        "processed": 29,
        "dropped": 1,
        "people": people,
        "with_people": min(people, 29),
        "latency_ms": ((3.16, 20), (3.98, 9)),
        "worst_ms": 3.7,
        "bundle": "belisha-small 0123456789ab",
        "engine": "onnxruntime int8_cpu",
        "rule": "day",
    }
    return Second(**{**usual, **changed})  # type: ignore[arg-type]


def write_log(path: Path, seconds: int = 20, **options: object) -> Path:
    """A log with a start, some seconds, and an alarm at the end."""
    clocks = Clocks()
    log = ActivityLog(path, utc=clocks.utc, up_s=clocks.up_s, **options)  # type: ignore[arg-type]
    log.add_event(Event(name="start", text="started"))
    for number in range(seconds):
        clocks.tick()
        log.add_second(busy_second(number % 4))
    log.add_event(Event(name="camera", text="the camera is gone", level="alarm"))
    log.close(30)
    return path
