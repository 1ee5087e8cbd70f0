"""Does this box hold a rate? Tried at a camera's pace, then searched for the largest rate.

probe(rate) -> held or not -> margin -> the largest rate -> Capacity
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from belisha.bench.distribution import distribution
from belisha.bench.measure import MAX_RATE_HZ, seconds_for_p99
from belisha.bench.result import Capacity, Probe, Soak
from belisha.bench.sampling import TurnFunction, paced
from belisha.bench.sensors import Sensors, read_sensors
from belisha.bench.stability import judge
from belisha.bench.turn import TOTAL
from belisha.errors import UsageError
from belisha.frames import Image

MAX_DROPPED = 0.001
"""Share of the frames that may be dropped at a rate that is held."""
RESOLUTION = 0.05
"""The search stops when the largest rate is known to this share."""

ProbeFunction = Callable[[float], Probe]


def prober(
    turn: TurnFunction, frames: Sequence[Image], p99_ms: float, on_probe: Callable[[Probe], None]
) -> ProbeFunction:
    """A function that tries one rate, with as many frames as a 99th percentile needs.

    Args:
        turn: what is measured.
        frames: gone through again and again.
        p99_ms: limit on the age at decision.
        on_probe: told of each probe.
    """

    def probe(rate_hz: float) -> Probe:
        paced(turn, frames, rate_hz, max(0.5, 1 / rate_hz), p99_ms)
        sample = paced(turn, frames, rate_hz, seconds_for_p99(rate_hz), p99_ms)
        bound = distribution(sample.age_ms).p99
        tried = judge_probe(
            rate_hz,
            p99_ms,
            bound_ms=bound.bound if bound else None,
            dropped=sample.dropped,
            captured=sample.captured,
            steady=judge(sample.stages_ms[TOTAL]).steady,
        )
        on_probe(tried)
        return tried

    return probe


def judge_probe(
    rate_hz: float,
    limit_ms: float,
    *,
    bound_ms: float | None,
    dropped: int,
    captured: int,
    steady: bool | None,
) -> Probe:
    """Whether a rate was held.

    Drops and lateness on an unsteady machine prove nothing: then it cannot be told. What was held
    on an unsteady machine was held.
    """
    reasons = []
    if dropped > MAX_DROPPED * captured:
        reasons.append(f"{dropped} of {captured} frames were dropped")
    if bound_ms is not None and bound_ms > limit_ms:
        reasons.append(f"p99 may be {bound_ms:.1f} ms, more than {limit_ms:g}")
    held: bool | None = not reasons
    if bound_ms is None and not reasons:
        held, reasons = None, ["too few frames for p99"]
    elif reasons and steady is False:
        held = None
        reasons.append("but the machine was not steady")
    return Probe(
        rate_hz=round(rate_hz, 2),
        held=held,
        reason="; ".join(reasons),
        p99_ms=bound_ms,
        dropped=dropped,
        captured=captured,
    )


def find_capacity(
    probe: ProbeFunction,
    rate_hz: float,
    p99_ms: float,
    degrees_c: float | None,
    *,
    search: bool = True,
    read: Callable[[], Sensors] = read_sensors,
) -> Capacity:
    """Answer the question, and search for the largest rate.

    Args:
        probe: tries a rate.
        rate_hz: that is asked for.
        p99_ms: limit on the age at decision.
        degrees_c: room that must be left below the nearest limit of a temperature; nothing if
            that does not matter.
        search: for the largest rate.
        read: looks at the sensors.

    Raises:
        UsageError: a number is out of range.
    """
    if not 0 < rate_hz <= MAX_RATE_HZ or p99_ms <= 0:
        raise UsageError(
            f"expected a rate of at most {MAX_RATE_HZ:g} Hz and a limit above 0 ms, "
            f"got {rate_hz:g} and {p99_ms:g}"
        )
    asked = probe(rate_hz)
    headroom = read().headroom_c
    holds, reasons = _answer(asked, headroom, degrees_c)
    largest, tried = _largest(probe, asked) if search else (None, [])
    return Capacity(
        rate_hz=rate_hz,
        p99_ms=p99_ms,
        degrees_c=degrees_c,
        holds=holds,
        reasons=tuple(reasons),
        margin_ms=None if asked.p99_ms is None else round(p99_ms - asked.p99_ms, 3),
        largest_hz=largest,
        headroom_c=headroom,
        probes=(asked, *tried),
    )


def _answer(
    asked: Probe, headroom_c: float | None, degrees_c: float | None
) -> tuple[bool | None, list[str]]:
    """Yes, no, or it cannot be told; a clear no outweighs a doubt."""
    reasons = [asked.reason] if asked.reason else []
    parts = [asked.held]
    if degrees_c is not None:
        cool = None if headroom_c is None else headroom_c >= degrees_c
        parts.append(cool)
        if cool is None:
            reasons.append("no temperature with a limit can be read here: leave out --degrees")
        elif not cool:
            reasons.append(f"{headroom_c:.1f} degrees are left, {degrees_c:g} were asked for")
    if False in parts:
        return False, reasons
    return (None if None in parts else True), reasons


def _largest(probe: ProbeFunction, asked: Probe) -> tuple[float | None, list[Probe]]:
    """Doubling or halving until the answer turns, then bisection."""
    tried: list[Probe] = []

    def held(rate_hz: float) -> bool:
        tried.append(probe(rate_hz))
        return tried[-1].held is True

    low = high = asked.rate_hz
    if asked.held:
        while high == low and low < MAX_RATE_HZ:
            high = min(2 * low, MAX_RATE_HZ)
            if held(high):
                low = high
    else:
        while low == high or not tried[-1].held:
            high, low = low, low / 2
            if low < 1:
                return None, tried
            held(low)
    while high / low > 1 + RESOLUTION:
        middle = round((low + high) / 2, 2)
        low, high = (middle, high) if held(middle) else (low, middle)
    return round(low, 2), tried


def with_soak(capacity: Capacity, soak: Soak) -> Capacity:
    """The answer after a soak: what throttles does not hold."""
    holds = capacity.holds
    if soak.throttled:
        holds = False
    elif soak.throttled is None and holds:
        holds = None
    return replace(capacity, soak=soak, holds=holds, reasons=(*capacity.reasons, *soak.reasons))
