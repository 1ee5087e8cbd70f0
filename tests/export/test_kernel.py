"""Kernels as integers: the whole range of each channel, and sums that fit."""

from __future__ import annotations

import numpy as np

from export.kernel import quantise_kernel


def kernel() -> np.ndarray:
    weight = np.random.default_rng(0).normal(0, [[[[0.1]]], [[[3.0]]]], (2, 4, 3, 3))
    return weight.astype(np.float32)


def test_each_output_channel_uses_its_whole_range() -> None:
    made = quantise_kernel(kernel(), None, 0.02)
    assert np.abs(made.weight).reshape(2, -1).max(axis=1).tolist() == [127, 127]
    steps = made.scales[:, None, None, None]
    assert (np.abs(made.weight * steps - kernel()) <= steps / 1.99).all()


def test_a_bias_counts_in_steps_of_the_sums() -> None:
    bias = np.array([0.5, -2.0], np.float32)
    made = quantise_kernel(kernel(), bias, 0.02)
    np.testing.assert_allclose(made.steps, np.float64(np.float32(0.02)) * made.scales, rtol=1e-9)
    assert (np.abs(made.real_bias - bias) <= made.steps / 1.99).all()


def test_a_bias_that_torch_left_out_is_zero() -> None:
    assert not quantise_kernel(kernel(), None, 0.02).bias.any()


def test_a_channel_without_weight_keeps_its_bias() -> None:
    """A dead channel's own scale would make a bias of more steps than 32 bits can count."""
    dead = np.zeros((1, 4, 3, 3), np.float32)
    made = quantise_kernel(dead, np.array([3.0], np.float32), 0.001)
    assert np.abs(made.real_bias[0] - 3.0) < 1e-6
    assert 0 < made.bias[0] < 2**31 - 2**29
