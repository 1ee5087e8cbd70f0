"""What a model file is made of, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import onnx

from export.layer_work import layer_work

_CONVOLUTIONS = ("Conv", "QLinearConv", "ConvInteger")


@dataclass(frozen=True, kw_only=True)
class GraphStatistics:
    """A graph.

    Attributes:
        bytes: of the file.
        operators: operator -> nodes of it, the most frequent first.
        convolutions: of any kind.
        multiply_adds: of one frame.
        weights: numbers that were learnt, biases included.
    """

    bytes: int
    operators: dict[str, int]
    convolutions: int
    multiply_adds: int
    weights: int


def graph_statistics(model: bytes) -> GraphStatistics:
    """Count.

    Args:
        model: an ONNX file.
    """
    graph = onnx.load_model_from_string(model).graph
    operators = dict(Counter(node.op_type for node in graph.node).most_common())
    work = layer_work(model)
    nodes = {node.name or node.output[0] for node in graph.node}
    return GraphStatistics(
        bytes=len(model),
        operators=operators,
        convolutions=sum(operators.get(kind, 0) for kind in _CONVOLUTIONS),
        multiply_adds=sum(work[name].macs for name in nodes if name in work),
        weights=sum(_size(entry.dims) for entry in graph.initializer if _size(entry.dims) > 1),
    )


def _size(dims: list[int]) -> int:
    size = 1
    for side in dims:
        size *= side
    return size
