"""The places in a float graph that matter for quantisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import onnx

from belisha.errors import UsageError

KNOWN = frozenset(
    {"Add", "Cast", "Concat", "Conv", "Div", "Relu", "Reshape", "Resize", "Slice", "Sub"}
    | {"Transpose"}
)
"""Operators that `export_float` makes and the emitters know."""


@dataclass(frozen=True)
class Layout:
    """The layers of a graph, and its tensors that get a scale.

    Attributes:
        pixels: the normalised input, the first convolution's.
        layers: names of the convolutions, in order.
        outputs: layer -> its convolution's output.
        activated: convolution's output -> output of the ReLU behind it; absent if there is none.
        tensors: every tensor that is quantised, in order: the pixels, what leaves a ReLU, and sums.
        inputs: layer -> the tensor that it reads.
        readers: tensor -> the operators that read it.
    """

    pixels: str
    layers: tuple[str, ...]
    outputs: dict[str, str]
    activated: dict[str, str]
    tensors: tuple[str, ...]
    inputs: dict[str, str]
    readers: dict[str, tuple[str, ...]]


def read_layout(model: onnx.ModelProto) -> Layout:
    """Find them.

    Args:
        model: as `export_float` makes it: each convolution has a name.

    Raises:
        UsageError: the graph holds an operator that the emitters do not know, or no convolution.
    """
    nodes = model.graph.node
    strange = sorted({node.op_type for node in nodes} - KNOWN)
    if strange:
        raise UsageError(f"expected a graph of {', '.join(sorted(KNOWN))}; got also {strange}")
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    names = tuple(node.name for node in convolutions)
    if not names or "" in names or len(set(names)) < len(names):
        raise UsageError(f"expected convolutions that each have a name, got {list(names)}")
    outputs = {node.output[0] for node in convolutions}
    activated = {
        node.input[0]: node.output[0]
        for node in nodes
        if node.op_type == "Relu" and node.input[0] in outputs
    }
    pixels = convolutions[0].input[0]
    return Layout(
        pixels=pixels,
        layers=names,
        outputs={node.name: node.output[0] for node in convolutions},
        activated=activated,
        tensors=(pixels, *_measured(nodes, set(activated.values()))),
        inputs={node.name: node.input[0] for node in convolutions},
        readers=_readers(nodes),
    )


def _measured(nodes: Any, activations: set[str]) -> Iterator[str]:
    for node in nodes:
        if node.op_type == "Add" or node.output[0] in activations:
            yield node.output[0]


def _readers(nodes: Any) -> dict[str, tuple[str, ...]]:
    readers: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        for name in node.input:
            readers[name] = (*readers.get(name, ()), node.op_type)
    return readers
