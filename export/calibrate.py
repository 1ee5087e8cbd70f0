"""Calibration: how large the numbers inside a network are, seen on training frames."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from belisha.engines.onnx_runtime import session_options
from belisha.errors import UsageError
from belisha.frames import Image
from export.layout import read_layout
from export.observers import BINS, Histogram
from export.plan import Calibration

MIN_FRAMES = 4
"""Fewer distinct frames tell nothing of a range."""
_LEAST_SPREAD = 2.0
"""Standard deviation in grey levels of a picture that shows something, be it night."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """What was seen of a float network's inner tensors.

    Attributes:
        calibration: which frames.
        histograms: tensor -> magnitudes; the pixels are not here, they are known.
        channels: tensor -> (channels,) largest magnitude of each.
    """

    calibration: Calibration
    histograms: dict[str, Histogram]
    channels: dict[str, NDArray[np.float64]]


def calibrate(model: onnx.ModelProto, frames: Sequence[Image]) -> Statistics:
    """Look at every tensor that will be quantised.

    Args:
        model: the float graph.
        frames: the network's inputs, (1, H, W, 3) uint8 each; gone through twice.

    Raises:
        UsageError: there are too few frames, or they show nothing.
    """
    check_frames(frames)
    layout = read_layout(model)
    names = [name for name in layout.tensors if name != layout.pixels]
    session = _open_with_outputs(model, names)
    channels: dict[str, NDArray[np.float64]] = {}
    for name, values in _tensors(session, names, frames, "ranges"):
        largest = np.abs(values).max(axis=(0, 2, 3)).astype(np.float64)
        channels[name] = np.maximum(channels.get(name, largest), largest)
    limits = {name: max(float(channels[name].max()), 1e-6) for name in names}
    counts = {name: np.zeros(BINS, np.int64) for name in names}
    for name, values in _tensors(session, names, frames, "histograms"):
        magnitudes = np.abs(values[values != 0])
        counts[name] += np.histogram(magnitudes, BINS, (0.0, limits[name]))[0]
    return Statistics(
        calibration=Calibration(len(frames), frames_digest(frames)),
        histograms={name: Histogram(counts[name], limits[name]) for name in names},
        channels=channels,
    )


def check_frames(frames: Sequence[Image]) -> None:
    """Frames that can tell something.

    Raises:
        UsageError: too few, or too many of them blank: the scales would fit nothing.
    """
    distinct = len({_digest(frame) for frame in frames})
    if distinct < MIN_FRAMES:
        raise UsageError(
            f"expected at least {MIN_FRAMES} distinct calibration frames, got {distinct}: give "
            "more training data, or ask for more frames"
        )
    blank = sum(_is_blank(frame) for frame in frames)
    if 2 * blank > len(frames):
        raise UsageError(
            f"expected calibration frames that show something, got {blank} of {len(frames)} that "
            "are black or of one colour: was the lens covered, or the data set not decoded?"
        )


def frames_digest(frames: Iterable[Image]) -> str:
    """sha256 over all frames, whatever their order."""
    return hashlib.sha256("".join(sorted(map(_digest, frames))).encode()).hexdigest()


def _digest(frame: Image) -> str:
    return hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest()


def _is_blank(frame: Image) -> bool:
    """Judged by the middle: bars of a letterbox are at the sides."""
    height, width = frame.shape[-3:-1]
    middle = frame[..., height // 4 : -height // 4, width // 4 : -width // 4, :]
    return float(middle.std()) < _LEAST_SPREAD


def _open_with_outputs(model: onnx.ModelProto, names: Sequence[str]) -> Any:
    """A session that gives inner tensors."""
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    for name in names:
        info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        open_model.graph.output.append(info)
    return onnxruntime.InferenceSession(
        open_model.SerializeToString(), session_options(None), providers=["CPUExecutionProvider"]
    )


def _tensors(
    session: Any, names: Sequence[str], frames: Sequence[Image], what: str
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor of every frame."""
    entry = session.get_inputs()[0].name
    for frame in tqdm(frames, f"calibrating: {what}", unit="frame", leave=False, disable=None):
        yield from zip(names, session.run(list(names), {entry: frame}), strict=True)
