"""The page of a side-by-side measurement."""

from __future__ import annotations

from collections.abc import Sequence

from belisha.bench.page import machine_section, verdicts
from belisha.bench.result import Result, Subject
from belisha.bench.turn import NETWORK, TOTAL
from belisha.bench.words import number, with_interval
from belisha.plots import Axis, Series, bar_plot, xy_plot
from belisha.report import Block, Figure, Report, Section, Table, Text
from benchmarks.pareto import Point, pareto_front

COLUMNS = ("detector", "input", "frame to boxes p50 [95 %]", "p99 [95 %]", "network p50", "outside")
"""In milliseconds; `outside` is the share of the frame's time that is not the network."""
RATIO_COLUMNS = ("ratio of times", "what", "ratio [95 %]", "verdict")
_PLOT_HEIGHT = 20.0
"""The plot is about people of at least this height; smaller ones nobody finds."""


def latency_rows(subjects: Sequence[Subject]) -> list[tuple[str, ...]]:
    """A row each, for `COLUMNS`; the fastest first, who was not measured last."""
    measured = sorted(filter(_p50, subjects), key=lambda subject: _p50(subject) or 0.0)
    return [_row(subject) for subject in measured]


def ratio_rows(result: Result) -> list[tuple[str, ...]]:
    """A row a ratio, for `RATIO_COLUMNS`."""
    return [
        (
            f"{ratio.first} / {ratio.second}",
            ratio.what,
            f"{ratio.ratio:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]",
            ratio.verdict,
        )
        for ratio in result.ratios
    ]


def accuracy_rows(subjects: Sequence[Subject]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns, one a data set and height, and a row a detector that was evaluated."""
    tested = [subject for subject in subjects if subject.accuracy]
    if not tested:
        return (), []
    columns = tuple(
        f"{one.dataset}, {f'>= {one.min_height:g} px' if one.min_height else 'all'} ({one.people})"
        for one in tested[0].accuracy
    )
    rows = [
        (
            subject.label,
            *(_interval(one.ap50, one.ap50_low, one.ap50_high) for one in subject.accuracy),
        )
        for subject in tested
    ]
    return ("AP50", *columns), rows


def notes(subjects: Sequence[Subject]) -> list[str]:
    """What a reader must know: odd contenders, and who is absent and why."""
    lines = [f"{subject.label}: {note}" for subject in subjects for note in subject.notes]
    absent = [f"{subject.name}: not measured: {subject.skipped}" for subject in subjects]
    return lines + [line for line, subject in zip(absent, subjects, strict=True) if subject.skipped]


def peers_report(result: Result) -> Report:
    """The page."""
    return Report(
        title="Detectors side by side",
        summary=f"Same frames, taking turns in one run, on {result.environment.summary}",
        sections=(
            Section("Can it be believed?", verdicts(result)),
            _latency_section(result),
            *_accuracy_sections(result),
            Section("Notes", [Text(line) for line in notes(result.subjects)]),
            machine_section(result),
        ),
    )


def _latency_section(result: Result) -> Section:
    subjects = sorted(filter(_p50, result.subjects), key=lambda subject: _p50(subject) or 0.0)
    medians = [subject.closed.stages[TOTAL].p50 for subject in subjects if subject.closed]
    bars = bar_plot(
        [subject.label for subject in subjects],
        [one.value for one in medians if one],
        Axis("frame to boxes, median", "ms"),
        low=[one.low for one in medians if one],
        high=[one.high for one in medians if one],
    )
    return Section(
        "Latency",
        (
            Figure(bars),
            Table(COLUMNS, latency_rows(result.subjects), "Milliseconds."),
            Table(
                RATIO_COLUMNS,
                ratio_rows(result),
                "Intervals by a bootstrap over rounds, in which both were measured side by side. "
                "A difference below 2 % is called none.",
            ),
        ),
    )


def _accuracy_sections(result: Result) -> list[Section]:
    columns, rows = accuracy_rows(result.subjects)
    if not rows:
        return []
    names = dict.fromkeys(one.dataset for subject in result.subjects for one in subject.accuracy)
    figures: list[Block] = [Figure(pareto_plot(result.subjects, name)) for name in names]
    table = Table(columns, rows, "With 95 % intervals by image; in brackets the number of people.")
    return [Section("Accuracy and latency", [*figures, table])]


def pareto_plot(subjects: Sequence[Subject], dataset: str) -> str:
    """Average precision over latency on one data set, with the front of those beaten by none."""
    points, lows, highs = [], [], []
    for subject in subjects:
        for one in subject.accuracy:
            cost = _p50(subject)
            if (one.dataset, one.min_height) == (dataset, _PLOT_HEIGHT) and cost and one.ap50:
                points.append(Point(subject.label, cost, one.ap50))
                lows.append(one.ap50 if one.ap50_low is None else one.ap50_low)
                highs.append(one.ap50 if one.ap50_high is None else one.ap50_high)
    front = pareto_front(points)
    return xy_plot(
        [
            Series(
                "detectors",
                [point.cost for point in points],
                [point.gain for point in points],
                lows,
                highs,
                style="points",
                names=[point.name for point in points],
            ),
            Series("beaten by none", [one.cost for one in front], [one.gain for one in front]),
        ],
        Axis("frame to boxes, median", "ms", log=True),
        Axis(f"AP50, people >= {_PLOT_HEIGHT:g} px"),
        title=dataset,
    )


def _p50(subject: Subject) -> float | None:
    """Median from frame to boxes."""
    median = subject.closed.stages[TOTAL].p50 if subject.closed else None
    return median.value if median else None


def _row(subject: Subject) -> tuple[str, ...]:
    assert subject.closed is not None  # noqa: S101  # only measured ones come here
    total, network = subject.closed.stages[TOTAL], subject.closed.stages[NETWORK]
    outside = 1 - network.p50.value / total.p50.value if network.p50 and total.p50 else None
    return (
        subject.label + (" *" if subject.notes else ""),
        subject.input,
        with_interval(total.p50),
        with_interval(total.p99),
        number(network.p50.value if network.p50 else None),
        "-" if outside is None else f"{outside:.1%}",
    )


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" + ("" if low is None or high is None else f" [{low:.2f}, {high:.2f}]")
