"""An activity log for people: the same tables on the terminal and on a page with plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone

from belisha.plots import Axis, Series, bar_plot, xy_plot
from belisha.report import Block, Details, Facts, Figure, Report, Section, Table, Text, Verdict
from belisha.service.activity_reader import Verification
from belisha.service.activity_statistics import Statistics, Tally

COLUMNS = (
    *("seconds", "frames", "dropped", "late", "bad", "people", "with people"),
    *("p50 ms", "p99 ms", "worst ms"),
)
MAX_POINTS = 500
"""Of a plot over time."""
_STEPS_MIN = (1, 5, 15, 60, 180, 720, 1440)


def columns(grouping: str) -> tuple[str, ...]:
    """Headings of a table of tallies."""
    return (grouping, *COLUMNS)


def rows(tallies: Mapping[str, Tally]) -> list[tuple[str, ...]]:
    """A row a tally."""
    return [(key, *_cells(tally)) for key, tally in tallies.items()]


def chain_sentence(found: Verification) -> str:
    """Whether the log is whole, in a sentence."""
    if not found.whole:
        return f"the log cannot be trusted: {found.problems[0]}"
    deleted = (
        f"; {found.deleted} older ones were deleted by the log itself" if found.deleted else ""
    )
    return (
        f"the chain is whole from entry {found.first} to {found.last}: {found.seconds} seconds, "
        f"{found.events} events{deleted}"
    )


def log_report(name: str, statistics: Statistics, found: Verification) -> Report:
    """The page of a log."""
    total = statistics.total
    return Report(
        title=f"Activity of {name}",
        summary=_summary(statistics),
        sections=(
            Section("Can it be believed?", _verdicts(found)),
            Section("In all", (Facts(_facts(total)),)),
            Section("Latency", _latency(statistics)),
            Section("Load", _load(statistics)),
            Section("People", _people(statistics)),
            Section("Models, engines and rules", _versions(statistics)),
            Section("The machine", _machine(statistics)),
            Section("Events", _events(statistics)),
        ),
    )


def _summary(statistics: Statistics) -> str:
    total = statistics.total
    if statistics.since is None or statistics.until is None:
        return "The log is empty."
    late = "" if math.isnan(total.late_share) else f", {total.late_share:.2g} % of them not in time"
    return (
        f"{_minute(statistics.since)} to {_minute(statistics.until)} UTC: "
        f"{_duration(total.seconds)} of work, {total.processed} frames{late}, "
        f"people in {total.with_people} of them."
    )


def _verdicts(found: Verification) -> list[Block]:
    blocks: list[Block] = [Verdict(found.whole, chain_sentence(found))]
    blocks += [Verdict(False, problem) for problem in found.problems[1:]]
    blocks += [Verdict(None, doubt) for doubt in found.doubts]
    blocks.append(Facts({"head": str(found.head)}))
    blocks.append(
        Text("Keep the head elsewhere, and 'belisha log verify --head' can compare it later.")
    )
    return blocks


def _facts(total: Tally) -> dict[str, str]:
    """The whole in few lines."""
    power = f"{total.power_w:.1f} W on average" if total.powered_s else "not reported"
    return {
        "seconds": f"{total.seconds} ({_duration(total.seconds)})",
        "frames from the camera": str(total.captured),
        "decisions": str(total.processed),
        "dropped for newer ones": str(total.dropped),
        "decisions too late": str(total.missed),
        "bad frames": str(total.failed),
        "boxes reported": str(total.people),
        "camera to decision": (
            f"p50 {_number(total.percentile_ms(0.5))} ms, p90 {_number(total.percentile_ms(0.9))} "
            f"ms, p99 {_number(total.percentile_ms(0.99))} ms, worst {_number(total.worst_ms)} ms"
        ),
        "power": power,
    }


def _latency(statistics: Statistics) -> list[Block]:
    when, tallies, step = _over_time(statistics)
    series = [
        _series("p50", when, tallies, lambda one: one.percentile_ms(0.5)),
        _series("p99", when, tallies, lambda one: one.percentile_ms(0.99)),
        _series("worst", when, tallies, lambda one: one.worst_ms),
    ]
    caption = (
        f"Each point stands for {step} min. Percentiles are upper edges of fixed buckets, and are "
        "left out where too few decisions support them."
    )
    return [Figure(xy_plot(series, _TIME, Axis("camera to decision", "ms", log=True)), caption)]


def _load(statistics: Statistics) -> list[Block]:
    when, tallies, step = _over_time(statistics)
    series = [
        _series("decisions", when, tallies, lambda one: one.processed / one.seconds),
        _series("dropped, late or bad", when, tallies, lambda one: _lost(one) / one.seconds),
    ]
    plot = xy_plot(series, _TIME, Axis("frames", "per second"))
    hours = Table(columns("hour, UTC"), rows(statistics.groups["hour"]))
    return [
        Figure(plot, f"Mean over {step} min."),
        Details(f"All {len(hours.rows)} hours", (hours,)) if len(hours.rows) > 24 else hours,
    ]


def _people(statistics: Statistics) -> list[Block]:
    hours = statistics.groups["hour of the day"]
    shares = [100 * one.with_people / max(one.processed, 1) for one in hours.values()]
    axis = Axis("frames with people", "%")
    return [
        Figure(bar_plot(list(hours), shares, axis), "By the hour of the day, UTC."),
        Table(columns("hour of the day, UTC"), rows(hours)),
    ]


def _versions(statistics: Statistics) -> list[Block]:
    return [
        Table(columns(name), rows(statistics.groups[name])) for name in ("bundle", "engine", "rule")
    ]


def _machine(statistics: Statistics) -> list[Block]:
    when, tallies, step = _over_time(statistics)
    blocks: list[Block] = []
    for label, unit, read in (
        ("hottest", "°C", lambda one: one.hottest_c),
        ("power", "W", lambda one: one.power_w),
    ):
        series = _series(label, when, tallies, read)
        if any(math.isfinite(value) for value in series.y):
            blocks.append(Figure(xy_plot([series], _TIME, Axis(label, unit)), f"Over {step} min."))
    return blocks or [Text("This machine reports neither temperature nor power.")]


def _events(statistics: Statistics) -> list[Block]:
    counts = [
        (level, name, str(count)) for (level, name), count in sorted(statistics.events.items())
    ]
    notable = [
        (_second(stamp.utc), event.level, event.name, event.text)
        for stamp, event in reversed(statistics.notable)
    ]
    blocks: list[Block] = [Table(("level", "event", "count"), counts)]
    if notable:
        blocks.append(Table(("UTC", "level", "event", "what"), notable, "Warnings and alarms."))
    return blocks


_TIME = Axis("time", "hours since the first entry")
Read = Callable[[Tally], float | None]


def _series(label: str, when: Sequence[float], tallies: Sequence[Tally], read: Read) -> Series:
    values = [read(one) for one in tallies]
    return Series(label, when, [math.nan if value is None else value for value in values])


def _over_time(statistics: Statistics) -> tuple[list[float], list[Tally], int]:
    """Hours since the first entry, what happened then, and for how many minutes each stands."""
    minutes = statistics.minutes
    if not minutes:
        return [], [], 1
    first, last = min(minutes), max(minutes)
    span = (last - first) / timedelta(minutes=1)
    step = next((one for one in _STEPS_MIN if span / one <= MAX_POINTS), _STEPS_MIN[-1])
    merged: dict[int, list[Tally]] = {}
    for minute, tally in sorted(minutes.items()):
        merged.setdefault(int((minute - first) / timedelta(minutes=step)), []).append(tally)
    return [index * step / 60 for index in merged], [_sum(one) for one in merged.values()], step


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for one in tallies:
        total.merge(one)
    return total


def _lost(tally: Tally) -> int:
    return tally.dropped + tally.missed + tally.failed


def _cells(tally: Tally) -> tuple[str, ...]:
    """For `COLUMNS`."""
    counts = (
        *(tally.seconds, tally.processed, tally.dropped, tally.missed, tally.failed),
        *(tally.people, tally.with_people),
    )
    times = (tally.percentile_ms(0.5), tally.percentile_ms(0.99), tally.worst_ms)
    return (*map(str, counts), *map(_number, times))


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"


def _duration(seconds: int) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.1f} minutes"


def _minute(utc: datetime) -> str:
    return f"{utc.astimezone(timezone.utc):%Y-%m-%d %H:%M}"


def _second(utc: datetime) -> str:
    return f"{utc.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}"
