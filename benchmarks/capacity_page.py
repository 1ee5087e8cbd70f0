"""The page of a capacity measurement."""

from __future__ import annotations

from belisha.bench.page import machine_section, subject_line
from belisha.bench.result import Capacity, Probe, Result, Soak
from belisha.bench.words import number
from belisha.plots import Axis, Series, xy_plot
from belisha.report import Block, Facts, Figure, Report, Section, Table, Verdict

PROBE_COLUMNS = ("frames a second", "p99 below [ms]", "dropped", "held", "why not")
_WORDS = {True: "yes", False: "no", None: "cannot be told"}


def capacity_report(result: Result, capacity: Capacity) -> Report:
    """The page."""
    question = (
        f"{subject_line(result.subjects[0])}: {capacity.rate_hz:g} frames a second at p99 under "
        f"{capacity.p99_ms:.1f} ms: {_WORDS[capacity.holds]}"
    )
    blocks: list[Block] = [Verdict(capacity.holds, question), Facts(margins(capacity))]
    blocks += [Verdict(None, reason) for reason in capacity.reasons]
    return Report(
        title="Does this box hold it?",
        summary=result.environment.summary,
        sections=(
            Section("Answer", blocks),
            Section("Rates tried", _probes(capacity)),
            *([_soak_section(capacity.soak)] if capacity.soak else []),
            machine_section(result),
        ),
    )


def margins(capacity: Capacity) -> dict[str, str]:
    """How far it is from each limit, and the largest rate if it was searched for."""
    margin, headroom = capacity.margin_ms, capacity.headroom_c
    side = "below" if (margin or 0) >= 0 else "above"
    facts = {
        "p99": "not known" if margin is None else f"{abs(margin):.1f} ms {side} the limit",
        "temperature": "not readable"
        if headroom is None
        else f"{headroom:.1f} degrees below the nearest limit",
    }
    if len(capacity.probes) > 1:
        facts["largest rate"] = f"{number(capacity.largest_hz, 1)} frames a second"
    return facts


def _probes(capacity: Capacity) -> list[Block]:
    known = sorted(
        (probe for probe in capacity.probes if probe.p99_ms is not None),
        key=lambda probe: probe.rate_hz,
    )
    plot = xy_plot(
        [
            Series(
                "p99 of the age, with 99 % confidence below",
                [probe.rate_hz for probe in known],
                [probe.p99_ms or 0.0 for probe in known],
            )
        ],
        Axis("frames a second", "Hz"),
        Axis("age at decision", "ms", log=True),
    )
    table = Table(PROBE_COLUMNS, [_row(probe) for probe in capacity.probes], "In order.")
    return [Figure(plot), table]


def _row(probe: Probe) -> tuple[str, ...]:
    return (
        f"{probe.rate_hz:g}",
        number(probe.p99_ms, 1),
        f"{probe.dropped} of {probe.captured}",
        _WORDS[probe.held],
        probe.reason,
    )


def _soak_section(soak: Soak) -> Section:
    """Latency, and where sensors answer temperature and clock, over the minutes."""
    minutes = [window.at_s / 60 for window in soak.windows]
    when = Axis("time", "min")
    nan = float("nan")
    heat = [window.sensors.hottest_c for window in soak.windows]
    clock = [window.sensors.frequency_mhz for window in soak.windows]
    figures = [
        Figure(
            xy_plot(
                [Series("median", minutes, [window.p50_ms for window in soak.windows])],
                when,
                Axis("frame to boxes", "ms"),
            )
        )
    ]
    for label, unit, values in (("temperature", "°C", heat), ("clock", "MHz", clock)):
        if any(value is not None for value in values):
            known = [nan if value is None else value for value in values]
            figures.append(
                Figure(xy_plot([Series(label, minutes, known)], when, Axis(label, unit)))
            )
    words = {True: "It throttled.", False: "It did not throttle.", None: "It became slower."}
    good = None if soak.throttled is None else not soak.throttled
    return Section(
        f"Soak of {soak.minutes:g} minutes",
        [Verdict(good, f"{words[soak.throttled]} {'; '.join(soak.reasons)}"), *figures],
    )
