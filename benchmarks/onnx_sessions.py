"""ONNX Runtime without the runtime's engine around it, to look inside; its one importer here."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from belisha.engines.onnx_runtime import session_options

_SUFFIX = "_kernel_time"


@dataclass(frozen=True)
class Kernel:
    """One node as it ran.

    Attributes:
        name, operation: in the engine's own graph.
        dtype: of its first input, such as `uint8`.
        shape: of its output.
        bytes_moved: inputs and outputs; weights only where they were not repacked.
        median_ms: over the runs.
    """

    name: str
    operation: str
    dtype: str
    shape: tuple[int, ...]
    bytes_moved: int
    median_ms: float


def open_session(model: bytes, threads: int, profile: str = "") -> Any:
    """A session with the options of the runtime's engine; `profile` is where its trace goes."""
    options = session_options(threads)
    if profile:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def best_ms(
    model: bytes, inputs: Mapping[str, NDArray[Any]], threads: int, seconds: float
) -> float:
    """The shortest of many runs: what the machine can do when nothing disturbs."""
    return min(_times_ms(open_session(model, threads), inputs, seconds))


def median_ms(
    model: bytes, inputs: Mapping[str, NDArray[Any]], threads: int, seconds: float
) -> float:
    """The median of many runs, after a few that do not count."""
    session = open_session(model, threads)
    _times_ms(session, inputs, seconds / 5)
    return statistics.median(_times_ms(session, inputs, seconds))


def profile_kernels(
    model: bytes, inputs: Mapping[str, NDArray[Any]], threads: int, seconds: float
) -> list[Kernel]:
    """Every node of the graph as the engine has rewritten it, in the order in which they run."""
    with tempfile.TemporaryDirectory(prefix="belisha-profile-") as folder:
        session = open_session(model, threads, str(Path(folder) / "trace"))
        _times_ms(session, inputs, seconds)
        events = json.loads(Path(session.end_profiling()).read_bytes())
    return kernels_of(events)


def kernels_of(events: list[dict[str, Any]]) -> list[Kernel]:
    """The nodes in a trace, with the median of their times."""
    spent: dict[str, list[int]] = {}
    details: dict[str, dict[str, Any]] = {}
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith(_SUFFIX):
            spent.setdefault(name, []).append(event["dur"])
            details[name] = event["args"]
    return [_kernel(name, details[name], times) for name, times in spent.items()]


def _kernel(name: str, details: dict[str, Any], times_us: list[int]) -> Kernel:
    (dtype,) = next(iter(details["input_type_shape"]), {"none": []})
    (shape,) = next(iter(details["output_type_shape"]), {"none": []}).values()
    sizes = (details.get(key, 0) for key in ("activation_size", "parameter_size", "output_size"))
    return Kernel(
        name=name.removesuffix(_SUFFIX),
        operation=details["op_name"],
        dtype=dtype,
        shape=tuple(shape),
        bytes_moved=sum(map(int, sizes)),
        median_ms=statistics.median(times_us) / 1e3,
    )


def _times_ms(session: Any, inputs: Mapping[str, NDArray[Any]], seconds: float) -> list[float]:
    """At least five runs, and as many as fit in the time."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        begun = time.perf_counter()
        session.run(None, inputs)
        times.append((time.perf_counter() - begun) * 1e3)
    return times


def network_input(model: bytes, shape: tuple[int, int]) -> dict[str, NDArray[np.uint8]]:
    """Noise for a bundle's model: (1, height, width, 3) uint8 under the name of its input."""
    name = open_session(model, 1).get_inputs()[0].name
    width, height = shape
    return {name: np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)}
