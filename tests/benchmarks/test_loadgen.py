"""The load generator's words are understood, and where it is installed it agrees."""

from __future__ import annotations

import importlib.util

import pytest

from belisha.bench.distribution import distribution
from belisha.bench.drawn_frames import draw_frames
from belisha.bench.turn import Turn
from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.errors import EngineError
from benchmarks.commands.loadgen import deviations
from benchmarks.loadgen import LoadgenResult, parse_summary, run_loadgen

SUMMARY = """
Early Stopping Result:
 * Processed at least 64 queries (2048).
 * Early stopping 90th percentile estimate: 3100000
 * Early stopping 99th percentile estimate: 5200000
50.00 percentile latency (ns)   : 2000000
90.00 percentile latency (ns)   : 3000000
99.00 percentile latency (ns)   : 5000000
"""


def test_a_summary_is_read() -> None:
    expected = LoadgenResult(queries=2048, p50=2, p90=3, p99=5, bound_p90=3.1, bound_p99=5.2)
    assert parse_summary(SUMMARY) == expected


def test_a_bound_may_be_missing_but_no_percentile() -> None:
    without = SUMMARY.replace("Early stopping 99th percentile estimate", "-")
    assert parse_summary(without).bound_p99 is None
    with pytest.raises(EngineError, match="lacks"):
        parse_summary(SUMMARY.replace("50.00 percentile", "-"))


def test_deviations_are_of_what_both_have() -> None:
    theirs = parse_summary(SUMMARY)
    assert deviations(distribution([2.0] * 100), theirs) == {"p50": 0.0, "p90": 0.5}


@pytest.mark.skipif(
    importlib.util.find_spec("mlperf_loadgen") is None, reason="needs mlcommons-loadgen"
)
def test_the_load_generator_asks_and_is_answered(toy: Bundle) -> None:
    with Detector.open(toy.path, threads=1) as detector:
        result = run_loadgen(Turn(detector), draw_frames(64, 48, 4), seconds=0.3)
    assert result.queries > 64
    assert 0 < result.p50 <= result.p90 <= result.p99


@pytest.mark.skipif(
    importlib.util.find_spec("mlperf_loadgen") is None, reason="needs mlcommons-loadgen"
)
def test_an_error_of_the_detector_comes_out_on_this_side() -> None:
    def fail(*_: object) -> None:
        raise EngineError("out of memory")

    with pytest.raises(EngineError, match="out of memory"):
        run_loadgen(fail, draw_frames(64, 48, 2), seconds=0.1)
