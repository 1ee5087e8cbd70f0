"""What this machine does at best: multiply-adds in float and in INT8, and bytes copied.

The arithmetic is measured with large matrix products of the engine itself, so that the peak is one
that a layer could reach. Nothing is taken from a data sheet.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from belisha.bench.result import Peaks
from benchmarks.onnx_sessions import best_ms

SIDE = 1024
"""Of the matrices."""
BLOCKS = (128 * 1024, 2 * 1024**2, 64 * 1024**2)
"""Bytes copied at once: within a core's cache, within the shared one, beyond both."""


def measure_peaks(threads: int, seconds: float = 1.0) -> Peaks:
    """Measure them.

    Args:
        threads: for the arithmetic; copying uses one.
        seconds: for each.
    """
    random = np.random.default_rng(0)
    floats = random.standard_normal((SIDE, SIDE)).astype(np.float32)
    weights = random.integers(-127, 128, (SIDE, SIDE), np.int8)
    signal = random.integers(0, 256, (SIDE, SIDE), np.uint8)
    billions = SIDE**3 / 1e9
    fp32 = _product("MatMul", floats, TensorProto.FLOAT, TensorProto.FLOAT)
    int8 = _product("MatMulInteger", weights, TensorProto.UINT8, TensorProto.INT32)
    return Peaks(
        fp32_gmacs=round(billions / best_ms(fp32, {"a": floats}, threads, seconds) * 1e3, 2),
        int8_gmacs=round(billions / best_ms(int8, {"a": signal}, threads, seconds) * 1e3, 2),
        copy_gbs={str(size): _copy_gbs(size, seconds / 2) for size in BLOCKS},
        threads=threads,
    )


def bandwidth_gbs(peaks: Peaks, bytes_moved: int) -> float:
    """The measured bandwidth of the smallest block in whose copying as many bytes are touched."""
    blocks = sorted((int(size), rate) for size, rate in peaks.copy_gbs.items())
    return next((rate for size, rate in blocks if 2 * size >= bytes_moved), blocks[-1][1])


def _product(operation: str, weights: NDArray[Any], entry: int, result: int) -> bytes:
    """An ONNX file of one matrix product with constant weights."""
    sides = [SIDE, SIDE]
    graph = helper.make_graph(
        [helper.make_node(operation, ["a", "b"], ["c"])],
        "peak",
        [helper.make_tensor_value_info("a", entry, sides)],
        [helper.make_tensor_value_info("c", result, sides)],
        [numpy_helper.from_array(weights, "b")],
    )
    opset = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def _copy_gbs(size: int, seconds: float) -> float:
    """Billions of bytes read and written a second."""
    source, target = np.ones(size, np.uint8), np.empty(size, np.uint8)
    repeats = max(2**20 // size, 1)
    best, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        for _ in range(repeats):
            np.copyto(target, source)
        best = min(best, (time.perf_counter() - begun) / repeats)
    return round(2 * size / best / 1e9, 2)
