"""Does this box hold it: the answer, the margin, the largest rate, and heat."""

from __future__ import annotations

import pytest

from belisha.bench.result import Probe, SoakWindow
from belisha.bench.sensors import Sensors
from belisha.errors import UsageError
from benchmarks.capacity import find_capacity, judge_probe, with_soak
from benchmarks.soak import judge_soak

COOL = Sensors({"cpu": 50.0}, {"cpu": 95.0}, 1500.0)
BLIND = Sensors({}, {}, None)


class Box:
    """A machine that holds every rate up to one."""

    def __init__(self, limit_hz: float) -> None:
        self.limit_hz = limit_hz
        self.tried: list[float] = []

    def __call__(self, rate_hz: float) -> Probe:
        self.tried.append(rate_hz)
        dropped = 0 if rate_hz <= self.limit_hz else 50
        return judge_probe(rate_hz, 33.0, bound_ms=20.0, dropped=dropped, captured=700, steady=True)


@pytest.mark.parametrize("limit_hz", [3.3, 29.0, 31.0, 47.0, 444.0])
def test_the_largest_rate_is_found_to_five_percent(limit_hz: float) -> None:
    box = Box(limit_hz)
    capacity = find_capacity(box, 30, 33, None)
    assert capacity.holds is (limit_hz >= 30)
    assert capacity.largest_hz is not None
    assert limit_hz / 1.06 <= capacity.largest_hz <= limit_hz
    assert len(box.tried) < 16


def test_the_search_ends_at_both_ends() -> None:
    assert find_capacity(Box(1e9), 30, 33, None).largest_hz == 1000
    assert find_capacity(Box(0), 30, 33, None).largest_hz is None
    assert find_capacity(Box(1e9), 30, 33, None, search=False).probes[1:] == ()


def test_the_margin_is_what_the_bound_leaves() -> None:
    assert find_capacity(Box(60), 30, 33, None, search=False).margin_ms == 13


def test_late_or_dropped_frames_are_no_and_the_reason_says_which() -> None:
    late = judge_probe(30, 33, bound_ms=40, dropped=0, captured=700, steady=True)
    assert late.held is False
    assert "p99 may be 40.0 ms, more than 33" in late.reason
    assert judge_probe(30, 33, bound_ms=20, dropped=1, captured=700, steady=True).held is False
    assert judge_probe(30, 33, bound_ms=20, dropped=1, captured=1500, steady=True).held


def test_a_no_on_an_unsteady_machine_is_no_answer_but_a_yes_is() -> None:
    doubtful = judge_probe(30, 33, bound_ms=40, dropped=0, captured=700, steady=False)
    assert doubtful.held is None
    assert "not steady" in doubtful.reason
    assert judge_probe(30, 33, bound_ms=20, dropped=0, captured=700, steady=False).held


def test_without_a_percentile_it_cannot_be_told() -> None:
    assert judge_probe(30, 33, bound_ms=None, dropped=0, captured=20, steady=None).held is None


def test_degrees_are_asked_of_the_sensors() -> None:
    def ask(sensors: Sensors, degrees: float) -> tuple[bool | None, str]:
        found = find_capacity(Box(60), 30, 33, degrees, search=False, read=lambda: sensors)
        return found.holds, " ".join(found.reasons)

    assert ask(COOL, 10) == (True, "")
    assert ask(COOL, 50) == (False, "45.0 degrees are left, 50 were asked for")
    holds, reason = ask(BLIND, 10)
    assert holds is None
    assert "no temperature with a limit can be read" in reason


@pytest.mark.parametrize(("rate_hz", "p99_ms"), [(0, 33), (5000, 33), (30, 0)])
def test_absurd_questions_are_refused(rate_hz: float, p99_ms: float) -> None:
    with pytest.raises(UsageError, match="expected a rate"):
        find_capacity(Box(60), rate_hz, p99_ms, None)


def windows(*steps: tuple[float, float | None, float]) -> list[SoakWindow]:
    """Windows of (p50 in ms, clock in MHz, degrees)."""
    return [
        SoakWindow(
            at_s=10.0 * index,
            p50_ms=p50,
            worst_ms=2 * p50,
            dropped=0,
            missed=0,
            sensors=Sensors({"cpu": heat}, {"cpu": 95.0}, clock),
        )
        for index, (p50, clock, heat) in enumerate(steps)
    ]


def test_slower_with_a_falling_clock_is_throttling() -> None:
    verdict = judge_soak(windows(*[(10, 1500, 60)] * 5, *[(14, 1000, 90)] * 5), 2)
    assert verdict.throttled
    assert verdict.drift == pytest.approx(0.4)
    assert "40% slower" in verdict.reasons[0]
    assert "clock fell to 67%" in verdict.reasons[1]


def test_slower_at_a_temperatures_limit_is_throttling_too() -> None:
    verdict = judge_soak(windows(*[(10, None, 60)] * 5, *[(14, None, 94)] * 5), 2)
    assert verdict.throttled
    assert "within 1.0 degrees" in verdict.reasons[-1]


def test_slower_without_a_sign_of_heat_stays_open() -> None:
    verdict = judge_soak(windows(*[(10, 1500, 60)] * 5, *[(14, 1500, 60)] * 5), 2)
    assert verdict.throttled is None
    assert "no sensor says why" in verdict.reasons


def test_warm_but_as_fast_is_no_throttling() -> None:
    verdict = judge_soak(windows(*[(10, 1500, 60)] * 5, *[(10.4, 1490, 94)] * 5), 2)
    assert verdict.throttled is False


def test_what_throttles_does_not_hold() -> None:
    capacity = find_capacity(Box(60), 30, 33, None, search=False)
    throttled = judge_soak(windows(*[(10, 1500, 60)] * 5, *[(14, 1000, 90)] * 5), 2)
    steady = judge_soak(windows(*[(10, 1500, 60)] * 9), 2)
    assert capacity.holds
    assert with_soak(capacity, throttled).holds is False
    assert with_soak(capacity, steady).holds
