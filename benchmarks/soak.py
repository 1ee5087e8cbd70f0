"""A long run at a camera's pace: does the machine slow down when it gets warm?"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from belisha.bench.result import Soak, SoakWindow
from belisha.bench.sampling import MAX_FRAMES, TurnFunction, paced
from belisha.bench.sensors import Sensors, read_sensors
from belisha.bench.turn import TOTAL
from belisha.errors import UsageError
from belisha.frames import Image

WINDOW_S = 10.0
SLOWER = 1.10
"""Median of the last windows over that of the first, from which on it has slowed down."""
CLOCK_FELL = 0.95
NEAR_LIMIT_C = 3.0
_ENDS = 5
"""Windows at each end that are compared, at most a third of all."""


def soak(
    turn: TurnFunction,
    frames: Sequence[Image],
    rate_hz: float,
    deadline_ms: float,
    minutes: float,
    *,
    window_s: float = WINDOW_S,
    read: Callable[[], Sensors] = read_sensors,
    on_window: Callable[[SoakWindow], None] = lambda window: None,
) -> Soak:
    """Run at a camera's pace, window by window, and watch latency, clock and temperature.

    Args:
        turn: what is measured.
        frames: gone through again and again.
        rate_hz: of the camera.
        deadline_ms: age at which a decision comes too late.
        minutes: how long.
        window_s: length of a window.
        read: looks at the sensors.
        on_window: told of each window.

    Raises:
        UsageError: it is too short to compare its begin with its end.
    """
    count = round(minutes * 60 / window_s)
    if count < 3 or rate_hz * window_s > MAX_FRAMES:
        raise UsageError(f"expected a soak of at least {3 * window_s / 60:g} minutes")
    windows = []
    for index in range(count):
        sample = paced(turn, frames, rate_hz, window_s, deadline_ms)
        totals = sample.stages_ms[TOTAL]
        window = SoakWindow(
            at_s=round(index * window_s, 1),
            p50_ms=round(statistics.median(totals), 4),
            worst_ms=round(max(totals), 4),
            dropped=sample.dropped,
            missed=sample.missed,
            sensors=read(),
        )
        windows.append(window)
        on_window(window)
    return judge_soak(windows, minutes)


def judge_soak(windows: Sequence[SoakWindow], minutes: float) -> Soak:
    """Whether it slowed down, and whether heat was the reason.

    Slower with a falling clock or a temperature at its limit is throttling. Slower without such a
    sign cannot be told from a neighbour's work: then the verdict is open.
    """
    ends = max(min(_ENDS, len(windows) // 3), 1)
    early, late = windows[:ends], windows[-ends:]
    drift = _median(early, late, lambda window: window.p50_ms) - 1
    reasons, signs = [], []
    clocks = [window.sensors.frequency_mhz for window in (*early, *late)]
    if None not in clocks:
        clock = _median(early, late, lambda window: window.sensors.frequency_mhz or 1.0)
        if clock < CLOCK_FELL:
            signs.append(f"the clock fell to {clock:.0%}")
    room = min(
        (one.sensors.headroom_c for one in windows if one.sensors.headroom_c is not None),
        default=None,
    )
    if room is not None and room < NEAR_LIMIT_C:
        signs.append(f"a temperature came within {room:.1f} degrees of its limit")
    slower = drift > SLOWER - 1
    if slower:
        reasons.append(f"over {minutes:g} minutes it became {drift:.0%} slower")
    throttled: bool | None = slower and bool(signs)
    if slower and not signs:
        throttled = None
        reasons.append("no sensor says why")
    return Soak(
        minutes=minutes,
        windows=tuple(windows),
        throttled=throttled,
        drift=round(drift, 4),
        reasons=(*reasons, *signs),
    )


def _median(
    early: Sequence[SoakWindow], late: Sequence[SoakWindow], value: Callable[[SoakWindow], float]
) -> float:
    """Median of the late over that of the early."""
    return statistics.median(map(value, late)) / statistics.median(map(value, early))
