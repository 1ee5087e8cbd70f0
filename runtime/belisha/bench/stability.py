"""Whether a machine was steady while it was measured.

After the rule by which NVIDIA's TensorRT-Model-Connect accepts a latency: the samples, in order,
are cut into ten windows; the medians of the early and of the late half may differ by 5 %, and eight
of the ten may lie no further than 5 % from the median of all. What fails is no result but
'inconclusive', and the reason says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOWS = 10
MIN_STEADY = 8
TOLERANCE = 0.05
MIN_COUNT = 5 * WINDOWS


@dataclass(frozen=True)
class Stability:
    """The verdict on one series of times.

    Attributes:
        steady: whether the figures can be believed; `None` where too few samples tell.
        drift: median of the late half over that of the early half, minus 1.
        steady_windows: how many of the windows lie near the median of all.
        windows_ms: the windows' medians.
        reasons: why it is not steady; empty if it is.
    """

    steady: bool | None
    drift: float | None
    steady_windows: int
    windows_ms: tuple[float, ...]
    reasons: tuple[str, ...]


def judge(times_ms: Sequence[float]) -> Stability:
    """Judge a series of times in the order in which they were taken."""
    if len(times_ms) < MIN_COUNT:
        reason = f"{len(times_ms)} samples are too few to tell: {MIN_COUNT} are needed"
        return Stability(None, None, 0, (), (reason,))
    windows = np.array_split(np.asarray(times_ms, np.float64), WINDOWS)
    medians = np.array([np.median(window) for window in windows])
    drift = float(np.median(medians[WINDOWS // 2 :]) / np.median(medians[: WINDOWS // 2]) - 1)
    near = int((np.abs(medians / np.median(medians) - 1) <= TOLERANCE).sum())
    reasons = []
    if abs(drift) > TOLERANCE:
        direction = "slower" if drift > 0 else "faster"
        reasons.append(f"the second half was {abs(drift):.0%} {direction} than the first")
    if near < MIN_STEADY:
        reasons.append(
            f"only {near} of {WINDOWS} windows lie within {TOLERANCE:.0%} of their median "
            f"({medians.min():.2f} to {medians.max():.2f} ms)"
        )
    rounded = tuple(float(value) for value in medians.round(4))
    return Stability(not reasons, round(drift, 4), near, rounded, tuple(reasons))
