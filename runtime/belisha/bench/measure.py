"""One detector, measured whole: cold start, back to back, at a camera's pace."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from belisha.bench.cold_start import measure_cold_start
from belisha.bench.distribution import distribution, distributions
from belisha.bench.result import Closed, Paced, Subject
from belisha.bench.sampling import (
    ClosedSample,
    PacedSample,
    TurnFunction,
    WarmUp,
    closed_loop,
    paced,
    warm_up,
)
from belisha.bench.stability import judge
from belisha.bench.turn import NETWORK, TOTAL, Turn
from belisha.detector import Detector
from belisha.errors import UsageError
from belisha.frames import Image
from belisha.order_statistics import least_count

MAX_SECONDS = 3600.0
MAX_RATE_HZ = 1000.0
ATTEMPTS = 2
"""An unsteady measurement is taken once more before it is called inconclusive."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to measure.

    Attributes:
        seconds: of each of the two loops.
        rate_hz: of the camera.
        deadline_ms: age at which a decision comes too late.
        cold_starts: processes to start; 0 for none.
    """

    seconds: float
    rate_hz: float
    deadline_ms: float
    cold_starts: int

    def __post_init__(self) -> None:
        for name, least, most in (
            ("seconds", 0.0, MAX_SECONDS),
            ("rate_hz", 0.0, MAX_RATE_HZ),
            ("deadline_ms", 0.0, 1e6),
        ):
            value = getattr(self, name)
            if not least < value <= most:
                raise UsageError(
                    f"expected {name} above {least:g}, at most {most:g}; got {value:g}"
                )
        if not 0 <= self.cold_starts <= 100:
            raise UsageError(f"expected 0 to 100 cold starts, got {self.cold_starts}")


def seconds_for_p99(rate_hz: float) -> float:
    """How long a camera takes to give the frames that a 99th percentile needs."""
    return math.ceil(1.02 * least_count(0.99) / rate_hz)


def measure(
    detector: Detector,
    frames: Sequence[Image],
    plan: Plan,
    say: Callable[[str], None],
    on_turn: Callable[[], None] = lambda: None,
) -> Subject:
    """Measure a detector.

    Args:
        detector: an open one.
        frames: (H, W, 3) uint8 BGR, all of one size.
        plan: how.
        say: is told what is being done.
        on_turn: called after each frame.

    Raises:
        EngineError: the engine failed.
    """
    info, shape = detector.info, detector.preprocessing
    cold = None
    if plan.cold_starts:
        say(f"cold start, {plan.cold_starts} processes")
        height, width = frames[0].shape[:2]
        cold = measure_cold_start(
            detector.bundle.path,
            (width, height),
            threads=info.engine.threads,
            engine=info.engine.name,
            starts=plan.cold_starts,
        )
    turn = Turn(detector)
    warmed = warm_up(turn, frames)
    return Subject(
        name=info.name,
        input=f"{shape.width}x{shape.height}",
        engine=f"{info.engine.library}, {info.engine.device}, {info.engine.threads} threads",
        flavour=info.engine.flavour,
        digest=info.digest,
        cold_start=cold,
        closed=_closed(turn, frames, plan, warmed, say, on_turn),
        paced=_paced(turn, frames, plan, say, on_turn),
    )


def closed_of(sample: ClosedSample, warmed: WarmUp) -> Closed:
    """The record of a closed loop."""
    stages = sample.stages_ms
    return Closed(
        warm_up=warmed,
        stages=distributions(stages),
        total_ms=rounded(stages[TOTAL]),
        infer_ms=rounded(stages.get(NETWORK, ())),
        stability=judge(stages[TOTAL]),
        load=sample.load,
    )


def paced_of(sample: PacedSample, rate_hz: float, deadline_ms: float) -> Paced:
    """The record of a run at a camera's pace."""
    return Paced(
        rate_hz=rate_hz,
        deadline_ms=deadline_ms,
        captured=sample.captured,
        dropped=sample.dropped,
        missed=sample.missed,
        age=distribution(sample.age_ms),
        stages=distributions(sample.stages_ms),
        age_ms=rounded(sample.age_ms),
        stability=judge(sample.stages_ms[TOTAL]),
        load=sample.load,
    )


def rounded(times_ms: Sequence[float]) -> tuple[float, ...]:
    """Times to a tenth of a microsecond: more is noise and fills files."""
    return tuple(round(time, 4) for time in times_ms)


def _closed(
    turn: TurnFunction,
    frames: Sequence[Image],
    plan: Plan,
    warmed: WarmUp,
    say: Callable[[str], None],
    on_turn: Callable[[], None],
) -> Closed:
    """Back to back; again if the machine was not steady."""
    for attempt in range(ATTEMPTS):
        say(f"back to back for {plan.seconds:g} s" + " again: it was not steady" * attempt)
        closed = closed_of(closed_loop(turn, frames, plan.seconds, on_turn), warmed)
        if closed.stability.steady is not False:
            break
    return closed


def _paced(
    turn: TurnFunction,
    frames: Sequence[Image],
    plan: Plan,
    say: Callable[[str], None],
    on_turn: Callable[[], None],
) -> Paced:
    """At the camera's pace, after a second of it; again if the machine was not steady."""
    for attempt in range(ATTEMPTS):
        again = " again: it was not steady" * attempt
        say(f"at {plan.rate_hz:g} frames a second for {plan.seconds:g} s{again}")
        settle_s = max(1.0, 1 / plan.rate_hz)
        paced(turn, frames, plan.rate_hz, settle_s, plan.deadline_ms)
        sample = paced(turn, frames, plan.rate_hz, plan.seconds, plan.deadline_ms, on_turn)
        record = paced_of(sample, plan.rate_hz, plan.deadline_ms)
        if record.stability.steady is not False:
            break
    return record
