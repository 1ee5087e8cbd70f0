"""Calibration: how large the numbers inside a network are, seen on training frames.

For each tensor the clip is searched that loses least in mean squared error on a grid of 127 steps:
the largest value would waste steps on outliers, a fixed percentile knows nothing of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from belisha.errors import UsageError
from belisha.frames import Image
from export.plan import read_layout

BINS = 2048
STEPS = 127
CLIPS = np.linspace(0.2, 1.0, 81)
"""Candidates, as fractions of the largest magnitude seen."""


def calibrate(model: onnx.ModelProto, inputs: Iterable[Image]) -> dict[str, float]:
    """The best clip of every tensor that will be quantised.

    Args:
        model: the float graph.
        inputs: the network's inputs, (1, H, W, 3) uint8 each; gone through twice.

    Returns:
        tensor -> largest magnitude to keep.

    Raises:
        UsageError: there is no input.
    """
    frames = list(inputs)
    if not frames:
        raise UsageError("expected at least one calibration frame, got none")
    layout = read_layout(model)
    names = [name for name in layout.tensors if name != layout.pixels]
    session = _open_with_outputs(model, names)
    largest = dict.fromkeys(names, 0.0)
    for name, values in _tensors(session, names, frames):
        largest[name] = max(largest[name], float(np.abs(values).max()))
    counts = {name: np.zeros(BINS, np.int64) for name in names}
    for name, values in _tensors(session, names, frames):
        limits = (0.0, max(largest[name], 1e-6))
        counts[name] += np.histogram(np.abs(values), BINS, limits)[0]
    return {name: best_clip(counts[name], max(largest[name], 1e-6)) for name in names}


def best_clip(counts: NDArray[np.int64], largest: float) -> float:
    """The clip of least squared error.

    Args:
        counts: histogram of magnitudes from 0 to `largest`.
        largest: upper end of the last bin.
    """
    centres = (np.arange(len(counts)) + 0.5) * largest / len(counts)
    errors = []
    for clip in CLIPS * largest:
        scale = clip / STEPS
        kept = np.minimum(np.round(centres / scale), STEPS) * scale
        errors.append(float((counts * (centres - kept) ** 2).sum()))
    return float(CLIPS[int(np.argmin(errors))] * largest)


def _open_with_outputs(model: onnx.ModelProto, names: list[str]) -> Any:
    """A session that gives inner tensors."""
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    for name in names:
        info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        open_model.graph.output.append(info)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        open_model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _tensors(
    session: Any, names: list[str], frames: list[Image]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor of every frame."""
    entry = session.get_inputs()[0].name
    for frame in frames:
        yield from zip(names, session.run(names, {entry: frame}), strict=True)
