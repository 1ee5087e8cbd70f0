"""A model against the machine's measured peaks: which layers waste time.

A layer cannot be faster than its multiply-adds at the arithmetic peak, nor than its bytes at the
bandwidth of the memory that they fit in; the larger of both is its roof (Williams et al., 2009).
"""

from __future__ import annotations

import re
from typing import Literal

from belisha.bench.result import LayerCost, Peaks, Roofline
from belisha.bundle import Bundle
from belisha.manifest import Flavour
from benchmarks.machine_peaks import bandwidth_gbs
from benchmarks.onnx_sessions import Kernel, median_ms, network_input, profile_kernels
from export.layer_work import ARITHMETIC, LayerWork, layer_work

_ENGINE_MARKS = re.compile(r"(_nchwc|_token_\d+|/duplicated)+$")
"""What ONNX Runtime appends to the name of a node that it has rewritten."""


def measure_roofline(
    bundle: Bundle, flavour: Flavour, peaks: Peaks, seconds: float = 3.0
) -> Roofline:
    """Run a model's layers and hold them against the peaks.

    Args:
        bundle: that has the flavour.
        flavour: of its models.
        peaks: of this machine, for as many threads as are used here.
        seconds: for each of the two measurements.
    """
    model = bundle.model(flavour)
    preprocessing = bundle.manifest.preprocessing
    inputs = network_input(model, (preprocessing.width, preprocessing.height))
    work = layer_work(model)
    kernels = profile_kernels(model, inputs, peaks.threads, seconds)
    layers = tuple(cost(kernel, work, peaks) for kernel in kernels)
    return Roofline(
        flavour=flavour,
        peaks=peaks,
        layers=layers,
        network_ms=round(median_ms(model, inputs, peaks.threads, seconds), 4),
        profiled_ms=round(sum(layer.measured_ms for layer in layers), 4),
    )


def cost(kernel: Kernel, work: dict[str, LayerWork], peaks: Peaks) -> LayerCost:
    """What a kernel took, and what it had to take."""
    nothing = LayerWork(0, 0)
    known = work.get(_ENGINE_MARKS.sub("", kernel.name), nothing)
    mine = known if kernel.operation in ARITHMETIC else nothing
    precision: Literal["int8", "fp32"] = "int8" if kernel.dtype in ("uint8", "int8") else "fp32"
    peak = peaks.int8_gmacs if precision == "int8" else peaks.fp32_gmacs
    moved = kernel.bytes_moved + mine.weight_bytes
    arithmetic_ms = mine.macs / peak / 1e6
    memory_ms = moved / bandwidth_gbs(peaks, moved) / 1e6
    return LayerCost(
        name=kernel.name,
        operation=kernel.operation,
        precision=precision,
        shape="x".join(map(str, kernel.shape)),
        macs=mine.macs,
        bytes_moved=moved,
        measured_ms=round(kernel.median_ms, 4),
        least_ms=round(max(arithmetic_ms, memory_ms), 5),
        bound_by="arithmetic" if arithmetic_ms >= memory_ms else "memory",
    )
