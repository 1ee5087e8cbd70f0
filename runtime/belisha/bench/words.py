"""Measurements in words and in tables, for the terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from belisha.bench.accelerator import Gpu, Jetson
from belisha.bench.distribution import Distribution
from belisha.bench.environment import Environment
from belisha.bench.result import Closed, Paced, Subject
from belisha.bench.turn import NETWORK, TOTAL
from belisha.order_statistics import Percentile

STAGE_COLUMNS = ("stage", "p50 [95 %]", "p90 [95 %]", "p99 [95 %]", "p99 below", "worst")
"""In milliseconds; `p99 below` is MLPerf's bound."""

Rows = Sequence[Sequence[str]]


def stage_rows(stages: Mapping[str, Distribution]) -> list[tuple[str, ...]]:
    """A row a stage, for `STAGE_COLUMNS`."""
    return [(stage, *distribution_cells(times)) for stage, times in stages.items()]


def distribution_cells(times: Distribution) -> tuple[str, ...]:
    """Percentiles with intervals, the bound of p99, the worst."""
    return (
        with_interval(times.p50),
        with_interval(times.p90),
        with_interval(times.p99),
        number(times.p99.bound if times.p99 else None),
        number(times.worst),
    )


def with_interval(one: Percentile | None) -> str:
    """`3.12 [3.10, 3.15]`, or a dash where too few samples support it."""
    return "-" if one is None else f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def as_text(columns: Sequence[str], rows: Rows, indent: str = "  ") -> str:
    """A table for the terminal: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return (indent + "  ".join(padded)).rstrip()

    return "\n".join(map(line, [columns, *rows]))


def overhead(closed: Closed) -> float | None:
    """Share of the frame's time that is spent outside the network, of the medians."""
    total, network = closed.stages[TOTAL].p50, closed.stages[NETWORK].p50
    return None if total is None or network is None else 1 - network.value / total.value


def paced_sentence(paced: Paced) -> str:
    """Counts of a paced run."""
    return (
        f"{paced.captured} frames captured at {paced.rate_hz:g} Hz, {paced.dropped} dropped for a "
        f"newer one, {paced.missed} decisions later than {paced.deadline_ms:.1f} ms after capture"
    )


def doubts(subject: Subject) -> tuple[str, ...]:
    """Why figures of a subject are inconclusive; empty where they are not."""
    parts = [("back to back", subject.closed), ("at the camera's pace", subject.paced)]
    return tuple(
        f"{subject.label}, {where}: {reason}{_preempted(part)}"
        for where, part in parts
        if part and not part.stability.steady
        for reason in part.stability.reasons
    )


def _preempted(part: Closed | Paced) -> str:
    load = part.load
    if load is None:
        return ""
    rate = load.preempted / max(load.seconds, 1e-9)
    return f"; others took the processor {rate:.0f} times a second" if rate >= 10 else ""


def environment_facts(environment: Environment) -> dict[str, str]:
    """What was measured on, for people; what could not be read is said so."""
    processor, sensors = environment.processor, environment.sensors
    absent = "not readable"
    libraries = {**environment.libraries, "belisha": environment.belisha}
    return {
        "measured": environment.measured_at,
        "processor": processor.model or absent,
        "cores": f"{processor.cores}" + (" of a virtual machine" if processor.virtual else ""),
        "features": ", ".join(processor.features) or "none that matter",
        "governor": processor.governor or absent,
        "clock": f"{sensors.frequency_mhz:g} MHz" if sensors.frequency_mhz else absent,
        "temperature": f"{sensors.hottest_c:.1f} °C" if sensors.hottest_c is not None else absent,
        "load before": number(environment.load_1m),
        "memory": f"{environment.memory_mb} MB" if environment.memory_mb else absent,
        "system": environment.system,
        "Python": environment.python,
        "libraries": ", ".join(f"{name} {version}" for name, version in libraries.items()),
        **_accelerator_facts(environment.gpu, environment.jetson),
    }


def _accelerator_facts(gpu: Gpu | None, jetson: Jetson | None) -> dict[str, str]:
    """NVIDIA's side, where there is one."""
    facts = {"GPU": "none"}
    if gpu:
        facts["GPU"] = ", ".join(
            [
                gpu.name,
                f"driver {gpu.driver or 'unknown'}",
                *([f"{gpu.temperature_c:g} °C"] if gpu.temperature_c is not None else []),
                *([f"{gpu.clock_mhz:g} MHz"] if gpu.clock_mhz is not None else []),
            ]
        )
    if jetson:
        facts["board"] = jetson.board
        facts["L4T"] = jetson.l4t or "not readable"
        facts["JetPack"] = jetson.jetpack or "not readable"
        facts["power mode"] = jetson.power_mode or "not readable"
    return facts
