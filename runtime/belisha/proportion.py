"""How sure one can be of a share: of people found, of frames in time."""

from __future__ import annotations

import math

Z_95 = 1.959964
"""Half width of a 95 % interval in standard deviations."""


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, good also near 0 and 1 (Wilson 1927).

    It takes trials for independent; those of neighbouring frames are not, and deserve a wider one.

    Args:
        hits: how often it was so.
        trials: how often it was looked, at least once.
    """
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(f"expected 0 to {trials} hits of at least 1 trial, got {hits}")
    share, weight = hits / trials, Z_95**2 / trials
    centre = share + weight / 2
    spread = Z_95 * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(0.0, (centre - spread) / (1 + weight)), min(1.0, (centre + spread) / (1 + weight))
