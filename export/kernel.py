"""A convolution's kernel and bias as integers, the same ones in every flavour.

real weight = scale * integer, one scale an output channel, integers of -127 to 127. The bias counts
in products of one step of the input and one of the weight, which is what the sums are made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.integers import MOST_BIAS, TOP


@dataclass(frozen=True, eq=False)
class Kernel:
    """Integers of one convolution.

    Attributes:
        weight: (outputs, inputs, h, w) int8.
        scales: (outputs,) float32, real value of one step of the weight.
        bias: (outputs,) int32, in steps of `steps`.
        steps: (outputs,) float64, real value of one step of the sums.
    """

    weight: NDArray[np.int8]
    scales: NDArray[np.float32]
    bias: NDArray[np.int32]
    steps: NDArray[np.float64]

    @property
    def real_bias(self) -> NDArray[np.float32]:
        """(outputs,) the bias as it counts: rounded to whole steps."""
        real: NDArray[np.float32] = (self.bias * self.steps).astype(np.float32)
        return real


def quantise_kernel(
    weight: NDArray[np.float32], bias: NDArray[np.float32] | None, input_scale: float
) -> Kernel:
    """The integers of a convolution.

    Args:
        weight: (outputs, inputs, h, w).
        bias: (outputs,); torch leaves one of zeros out.
        input_scale: real value of one step of the input.
    """
    real_bias = np.zeros(len(weight), np.float32) if bias is None else bias
    entry = float(np.float32(input_scale))
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    # A channel of next to no weight has a bias all the same, and that has to fit too.
    least = np.abs(real_bias) / (entry * MOST_BIAS)
    scales = np.maximum(np.maximum(largest, 1e-8) / TOP, least).astype(np.float32)
    steps = entry * scales.astype(np.float64)
    integers = np.clip(np.rint(weight / scales[:, None, None, None]), -TOP, TOP)
    return Kernel(
        integers.astype(np.int8), scales, np.rint(real_bias / steps).astype(np.int32), steps
    )
