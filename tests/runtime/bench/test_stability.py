"""A machine that is not steady gives no result but a reason."""

from __future__ import annotations

import numpy as np

from belisha.bench.stability import judge


def noise(count: int = 500) -> np.ndarray:
    return np.random.default_rng(0).normal(10, 0.3, count)


def test_noise_around_one_level_is_steady() -> None:
    verdict = judge(noise().tolist())
    assert verdict.steady
    assert verdict.steady_windows == len(verdict.windows_ms) == 10
    assert verdict.reasons == ()


def test_single_spikes_are_part_of_the_distribution_not_of_the_verdict() -> None:
    times = noise()
    times[::25] *= 8
    assert judge(times.tolist()).steady


def test_a_drift_is_named_with_its_direction() -> None:
    slower = judge((noise() * np.linspace(1, 1.2, 500)).tolist())
    assert slower.steady is False
    assert "slower than the first" in slower.reasons[0]
    faster = judge((noise() * np.linspace(1.2, 1, 500)).tolist())
    assert "faster than the first" in faster.reasons[0]


def test_levels_that_come_and_go_are_not_steady() -> None:
    times = noise()
    for window in (1, 4, 7):
        times[window * 50 : (window + 1) * 50] *= 1.3
    verdict = judge(times.tolist())
    assert verdict.steady is False
    assert verdict.steady_windows == 7
    assert "only 7 of 10 windows" in verdict.reasons[-1]


def test_too_few_samples_tell_nothing() -> None:
    verdict = judge([1.0] * 49)
    assert verdict.steady is None
    assert "too few" in verdict.reasons[0]
