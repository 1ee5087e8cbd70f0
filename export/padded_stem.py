"""The CPU flavour's first convolution with cells of sixteen channels: the same integers, sooner.

Five pixels of a row are fifteen channels. ONNX Runtime's fast convolution of bytes wants them in
multiples of four, so a channel joins them that always holds the zero point and that no weight
reads. On one thread at 640x480 this copies the frame in 0.2 ms and saves 0.6.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

MULTIPLE = 4
"""Of the channels that ONNX Runtime convolves fast."""
_INPUT, _ZERO_POINT, _WEIGHT = 0, 2, 3
"""Inputs of a QLinearConv."""


class _Stem(NamedTuple):
    """Pixels to cells, cells to channels first, and the convolution."""

    grouping: Any
    transposition: Any
    convolution: Any


def padded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with its stem's channels filled up.

    Args:
        model: the CPU flavour; one whose first convolution is no stem of cells, or has channels
            enough, comes back as it is.
    """
    constants = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    stem = _find(model)
    weight = constants[stem.convolution.input[_WEIGHT]] if stem else np.zeros((1, MULTIPLE, 1, 1))
    fill = -weight.shape[1] % MULTIPLE
    if stem is None or not fill:
        return model
    cells = stem.grouping.output[0]
    sides = constants[stem.grouping.input[1]]
    zero = constants[stem.convolution.input[_ZERO_POINT]]
    names = filled, extra, wider = f"{cells}_filled", f"{cells}_fill", f"{cells}_weight"
    join = helper.make_node("Concat", [cells, extra], [filled], name=filled, axis=3)
    transposition, convolution = _copy(stem.transposition), _copy(stem.convolution)
    transposition.input[0], convolution.input[_WEIGHT] = filled, wider
    changed = {
        cells: [_copy(stem.grouping), join],
        transposition.output[0]: [transposition],
        convolution.output[0]: [convolution],
    }
    added = {
        extra: np.full((*sides[:3], fill), zero, np.uint8),
        wider: np.pad(weight, ((0, 0), (0, fill), (0, 0), (0, 0))),
    }
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.node[:], made.graph.initializer[:]
    for node in model.graph.node:
        made.graph.node.extend(changed.get(node.output[0], [node]))
    made.graph.initializer.extend(
        entry for entry in model.graph.initializer if entry.name != stem.convolution.input[_WEIGHT]
    )
    made.graph.initializer.extend(numpy_helper.from_array(added[name], name) for name in names[1:])
    return made


def _find(model: onnx.ModelProto) -> _Stem | None:
    """The frame's way into its first convolution, if it is this one."""
    grouping, transposition, convolution = (
        next((node for node in model.graph.node if node.op_type == kind), None)
        for kind in ("Reshape", "Transpose", "QLinearConv")
    )
    if grouping is None or transposition is None or convolution is None:
        return None
    way = grouping.input[0], transposition.input[0], convolution.input[_INPUT]
    known = model.graph.input[0].name, grouping.output[0], transposition.output[0]
    return _Stem(grouping, transposition, convolution) if way == known else None


def _copy(node: Any) -> Any:
    """A node that can be changed without changing the graph it comes from."""
    copied = onnx.NodeProto()
    copied.CopyFrom(node)
    return copied
