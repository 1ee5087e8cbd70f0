"""The HTML report of a measurement."""

from __future__ import annotations

from pathlib import Path

from belisha.bench.cold_start import ColdStart
from belisha.bench.result import Closed, Paced, Result, Subject
from belisha.bench.turn import TOTAL
from belisha.bench.words import (
    STAGE_COLUMNS,
    doubts,
    environment_facts,
    number,
    overhead,
    paced_sentence,
    stage_rows,
)
from belisha.errors import SourceError
from belisha.plots import Axis, Series, histogram, xy_plot
from belisha.report import Block, Facts, Figure, Report, Section, Table, Text, Verdict, write_report

MAX_POINTS = 2000
"""Of a plot over time; more make the page heavy."""
_NOTE = (
    "Milliseconds. A percentile that too few frames support is left out: p50 needs 11, p90 64, p99 "
    "662. [95 %] is its interval; 'p99 below' is MLPerf's early-stopping estimate: with 99 % "
    "confidence p99 is not above it."
)


def write_page(path: Path, report: Report) -> None:
    """Write the page, whole or not at all.

    Raises:
        SourceError: it cannot be written.
    """
    try:
        write_report(path, report)
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror}") from error


def bench_report(result: Result) -> Report:
    """The page of one detector's measurement."""
    (subject,) = result.subjects
    return Report(
        title=f"{subject.name}: latency",
        summary=f"{subject.input} input, {subject.flavour}, on {result.environment.summary}",
        sections=(
            Section("Can it be believed?", verdicts(result)),
            *([closed_section(subject.closed)] if subject.closed else []),
            *([paced_section(subject.paced)] if subject.paced else []),
            *([cold_section(subject.cold_start)] if subject.cold_start else []),
            machine_section(result),
        ),
    )


def verdicts(result: Result) -> list[Block]:
    """Doubts and warnings, or that there are none."""
    reasons = [reason for subject in result.subjects for reason in doubts(subject)]
    blocks: list[Block] = [Verdict(None, f"inconclusive: {reason}") for reason in reasons]
    blocks += [Verdict(None, warning) for warning in result.warnings]
    return blocks or [Verdict(True, "The machine was steady while it was measured.")]


def closed_section(closed: Closed) -> Section:
    """Frames back to back."""
    share = overhead(closed)
    outside = "" if share is None else f" {share:.1%} of the median is spent outside the network."
    return Section(
        "Back to back",
        (
            Text(f"{closed.stages[TOTAL].count} frames, from frame to boxes.{outside}"),
            Table(STAGE_COLUMNS, stage_rows(closed.stages), _NOTE),
            Figure(histogram(closed.total_ms, Axis("frame to boxes", "ms", log=True))),
            _over_time(closed.total_ms, "frame to boxes"),
            Text(
                f"First frame {closed.warm_up.first_ms:.1f} ms; {closed.warm_up.frames} frames of "
                "warm-up are in no figure."
            ),
        ),
    )


def paced_section(paced: Paced) -> Section:
    """Frames at a camera's pace."""
    rows = [*stage_rows(paced.stages), ("age at decision", *stage_rows({"": paced.age})[0][1:])]
    late = paced.dropped + paced.missed
    return Section(
        f"At a camera's pace, {paced.rate_hz:g} frames a second",
        (
            Verdict(not late, paced_sentence(paced)),
            Table(STAGE_COLUMNS, rows, _NOTE),
            _over_time(paced.age_ms, "age at decision"),
        ),
    )


def cold_section(cold: ColdStart) -> Section:
    """Cold start and memory."""
    return Section(
        "Cold start and memory",
        (
            Facts(cold_facts(cold)),
            Text(
                f"Medians of {cold.starts} processes. Files come from the system's cache; after a "
                "reboot it takes longer."
            ),
        ),
    )


def cold_facts(cold: ColdStart) -> dict[str, str]:
    """What a start consists of, and the memory."""
    return {
        "first decision": f"{cold.first_decision_ms:.0f} ms after the process was started "
        f"({cold.fastest_ms:.0f} to {cold.slowest_ms:.0f})",
        "of this": f"Python and libraries {cold.import_ms:.0f} ms, bundle and model "
        f"{cold.open_ms:.0f} ms, first frame {cold.first_frame_ms:.1f} ms",
        "memory": f"{number(cold.resident_mb, 0)} MB resident, at most "
        f"{number(cold.peak_mb, 0)} MB",
    }


def machine_section(result: Result) -> Section:
    """What it was measured on, and how."""
    facts = {**environment_facts(result.environment), **result.settings}
    return Section("Machine and settings", (Facts(facts),))


def subject_line(subject: Subject) -> str:
    """Name, flavour and input in few words."""
    return f"{subject.label} {subject.input}".strip()


def _over_time(times_ms: tuple[float, ...], label: str) -> Figure:
    """Times in order: steps and drifts show here."""
    step = max(len(times_ms) // MAX_POINTS, 1)
    places = range(0, len(times_ms), step)
    worst = [max(times_ms[place : place + step]) for place in places]
    caption = f"Each point is the longest of {step} frames." if step > 1 else ""
    plot = xy_plot([Series(label, list(places), worst)], Axis("frame"), Axis(label, "ms"))
    return Figure(plot, caption)
