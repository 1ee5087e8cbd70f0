"""MLPerf's own load generator in SingleStream, as a cross-check of `belisha.bench`.

Not an MLPerf result: that needs their models, data sets and rules. What is checked is the clock and
the statistics: the same detector on the same frames must give the same percentiles.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belisha.bench.sampling import TurnFunction
from belisha.bench.turn import TOTAL
from belisha.errors import EngineError, MissingLibraryError
from belisha.frames import Image
from belisha.order_statistics import least_count
from belisha.timing import StageClock

_MILLION = 1e6


@dataclass(frozen=True)
class LoadgenResult:
    """What the load generator says, in milliseconds.

    Attributes:
        queries: frames.
        p50, p90, p99: percentiles.
        bound_p90, bound_p99: its early-stopping estimates; `None` where it gave none.
    """

    queries: int
    p50: float
    p90: float
    p99: float
    bound_p90: float | None
    bound_p99: float | None


def run_loadgen(turn: TurnFunction, frames: Sequence[Image], seconds: float) -> LoadgenResult:
    """Let the load generator ask for one frame after another.

    Args:
        turn: takes one frame to its boxes.
        frames: gone through in the load generator's random order.
        seconds: at least this long.

    Raises:
        MissingLibraryError: mlcommons-loadgen is not installed.
        EngineError: it did not finish, or its summary cannot be read.
    """
    try:
        import mlperf_loadgen
    except ImportError as error:
        raise MissingLibraryError(
            "the load generator is not installed: pip install mlcommons-loadgen (x86 only)"
        ) from error
    with tempfile.TemporaryDirectory(prefix="belisha-loadgen-") as folder:
        _run(mlperf_loadgen, turn, frames, seconds, folder)
        summary = Path(folder) / "mlperf_log_summary.txt"
        if not summary.is_file():
            raise EngineError("the load generator left no summary")
        return parse_summary(summary.read_text())


def _run(
    library: Any, turn: TurnFunction, frames: Sequence[Image], seconds: float, folder: str
) -> None:
    """One test, with all its files in a folder."""
    clock = StageClock(keep_first=True)
    failures: list[BaseException] = []

    def issue(samples: Sequence[Any]) -> None:
        for sample in samples:
            try:
                if not failures:
                    turn(frames[sample.index], clock)
            except Exception as error:  # an exception must not cross the library's border
                failures.append(error)
            library.QuerySamplesComplete([library.QuerySampleResponse(sample.id, 0, 0)])

    settings = library.TestSettings()
    settings.scenario = library.TestScenario.SingleStream
    settings.mode = library.TestMode.PerformanceOnly
    settings.min_duration_ms = round(seconds * 1e3)
    settings.min_query_count = max(len(frames), least_count(0.9))
    # It prepares as many queries as this promises, and fails when they are used up.
    settings.single_stream_expected_latency_ns = round(_quickest_ms(turn, frames) * _MILLION / 2)
    output = library.LogOutputSettings()
    output.outdir = folder
    output.copy_summary_to_stdout = False
    logging = library.LogSettings()
    logging.log_output = output
    system = library.ConstructSUT(issue, lambda: None)
    count = len(frames)
    samples = library.ConstructQSL(count, count, lambda indices: None, lambda indices: None)
    try:
        library.StartTestWithLogSettings(system, samples, settings, logging)
    finally:
        library.DestroyQSL(samples)
        library.DestroySUT(system)
    if failures:
        raise failures[0]


def _quickest_ms(turn: TurnFunction, frames: Sequence[Image]) -> float:
    clock = StageClock(keep_first=True)
    for index in range(20):
        turn(frames[index % len(frames)], clock)
    return min(clock.stages_ms[TOTAL])


def parse_summary(text: str) -> LoadgenResult:
    """Read its summary.

    Raises:
        EngineError: a figure that must be there is not.
    """
    return LoadgenResult(
        queries=int(_needed(text, r"Processed at least \d+ queries \((\d+)\)")),
        p50=_needed(text, r"50\.00 percentile latency \(ns\)\s*:\s*(\d+)") / _MILLION,
        p90=_needed(text, r"90\.00 percentile latency \(ns\)\s*:\s*(\d+)") / _MILLION,
        p99=_needed(text, r"99\.00 percentile latency \(ns\)\s*:\s*(\d+)") / _MILLION,
        bound_p90=_bound(text, "90"),
        bound_p99=_bound(text, "99"),
    )


def _needed(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if not found:
        raise EngineError(f"the load generator's summary lacks {pattern!r}: run it for longer")
    return float(found[1])


def _bound(text: str, percent: str) -> float | None:
    found = re.search(rf"Early stopping {percent}(?:th|\.0th) percentile estimate: (\d+)", text)
    return float(found[1]) / _MILLION if found else None
