"""Cross-layer equalisation: loud channels made quieter, quiet ones louder, the function unchanged.

A ReLU passes positive factors, so a channel may be divided where it is made and multiplied where it
is read (Nagel et al. 2019). One scale then fits all channels of a tensor better. It can be done
where only convolutions read the tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from export.layout import Layout

LIMIT = 16.0
"""Largest factor of a channel, either way: a channel that is hardly used would get any."""


def equalised(model: onnx.ModelProto, factors: Mapping[str, Sequence[float]]) -> onnx.ModelProto:
    """The graph with other weights and the same function.

    Args:
        model: as `export_float` makes it.
        factors: tensor -> what each of its channels is divided by.
    """
    if not factors:
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    weights = {entry.name: entry for entry in changed.graph.initializer}
    activated = {node.input[0]: node.output[0] for node in changed.graph.node if _is_relu(node)}
    for node in changed.graph.node:
        if node.op_type != "Conv":
            continue
        made = factors.get(activated.get(node.output[0], ""))
        read = factors.get(node.input[0])
        if made is not None:
            for name in node.input[1:]:
                _scale(weights[name], 1 / np.asarray(made), 0)
        if read is not None:
            _scale(weights[node.input[1]], np.asarray(read), 1)
    return changed


def equalisable(layout: Layout) -> tuple[str, ...]:
    """The tensors that it can be done to."""
    return tuple(
        tensor
        for tensor in layout.activated.values()
        if set(layout.readers.get(tensor, ())) == {"Conv"}
    )


def channel_factors(
    largest: Mapping[str, NDArray[np.float64]], strength: float
) -> dict[str, tuple[float, ...]]:
    """What to divide each channel by.

    A channel's factor is (its range / the tensor's range) ** strength: with a strength of 1 all
    channels come to the same range, and the kernels that read them bear all the difference.

    Args:
        largest: tensor -> (channels,) largest magnitude of each channel.
        strength: from 0 to 1.
    """
    factors = {}
    for name, ranges in largest.items():
        relative = np.maximum(ranges, 1e-6) / max(float(ranges.max()), 1e-6)
        limited = np.clip(relative**strength, 1 / LIMIT, LIMIT)
        factors[name] = tuple(float(f"{value:.6g}") for value in limited)
    return factors


def _is_relu(node: Any) -> bool:
    return bool(node.op_type == "Relu")


def _scale(weight: Any, factors: NDArray[np.float64], axis: int) -> None:
    """Multiply an initialiser along an axis, in place."""
    array = numpy_helper.to_array(weight)
    shape = [1] * array.ndim
    shape[axis] = -1
    scaled = (array * factors.reshape(shape)).astype(np.float32)
    weight.CopyFrom(numpy_helper.from_array(scaled, weight.name))
