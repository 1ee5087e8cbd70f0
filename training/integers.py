"""What a plan's integers mean: the numbers that fine-tuning and export must have in common."""

from __future__ import annotations

PIXELS = "pixels"
"""Name of the normalised input, which the first convolution reads."""
INPUT_SCALE = 1 / 128
"""Of (x - 128) / 128: so the camera's byte minus 128 is the integer, without loss."""
TOP = 127
"""Largest integer of a weight, and of an activation in int8."""
TOPS = {"int8": TOP, "uint8": 255}
"""Largest integer of an activation: of TensorRT's, and of the CPU flavour's, on the same scale."""
MOST_BIAS = 2**30
"""Largest bias in steps: half of what an int32 holds is left for the sum."""
