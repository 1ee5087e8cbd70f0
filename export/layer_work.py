"""The work that the layers of an ONNX model are, by the graph as it was written.

An engine pads channels to its blocks; what it adds for that is waste, not work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import onnx

_CONVOLUTIONS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3}
"""Operation -> which of its inputs is the weight."""
_PRODUCTS = {"MatMul": (0, 1), "Gemm": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3)}
"""Operation -> which of its inputs are the factors."""
_FUSED = frozenset({"Relu", "Clip", "LeakyRelu", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh"})
"""Activations that an engine may make a part of the layer before them."""
ARITHMETIC = frozenset({*_CONVOLUTIONS, *_PRODUCTS, "FusedConv", "QGemm", "FusedMatMul"})
"""Operations that multiply, also as an engine calls them."""


@dataclass(frozen=True)
class LayerWork:
    """What a layer has to do: multiply-adds, and bytes of weights to read."""

    macs: int
    weight_bytes: int


@dataclass(frozen=True)
class IntegerShare:
    """Convolutions that multiply integers: how many, of how many, and share of multiply-adds."""

    integer: int
    convolutions: int
    of_macs: float

    def __str__(self) -> str:
        return (
            f"{self.integer} of {self.convolutions} convolutions are QLinearConv, "
            f"{100 * self.of_macs:.2f} % of the multiply-adds"
        )


def layer_work(model: bytes) -> dict[str, LayerWork]:
    """The work of each layer that multiplies.

    Args:
        model: an ONNX file whose shapes follow from its input.

    Returns:
        By the name of the node, and again by the names of its output and of the output of the
        activation behind it: an engine that fuses keeps one of them.
    """
    parsed = _with_shapes(onnx.load_model_from_string(model))
    shapes = _shapes(parsed.graph)
    weights = {entry.name: _bytes(entry) for entry in parsed.graph.initializer}
    work: dict[str, LayerWork] = {}
    for node in parsed.graph.node:
        macs = _multiply_adds(node, shapes)
        if macs:
            weight_bytes = sum(weights.get(name, 0) for name in node.input)
            layer = LayerWork(macs, weight_bytes)
            work.update(dict.fromkeys((node.name, node.output[0]), layer))
        elif node.op_type in _FUSED and node.input[0] in work:
            work.setdefault(node.output[0], work[node.input[0]])
    work.pop("", None)
    return work


def integer_share(model: bytes) -> IntegerShare:
    """How much of the convolutions of a CPU flavour is QLinearConv."""
    work = layer_work(model)
    macs: dict[str, list[int]] = {"Conv": [], "QLinearConv": []}
    for node in onnx.load_model_from_string(model).graph.node:
        if node.op_type in macs:
            macs[node.op_type].append(work[node.output[0]].macs)
    integer, real = macs["QLinearConv"], macs["Conv"]
    total = max(sum(integer) + sum(real), 1)
    return IntegerShare(len(integer), len(integer) + len(real), sum(integer) / total)


def _with_shapes(model: Any) -> Any:
    """The model with the shapes of its tensors; ONNX knows no shapes of others' operators."""
    while True:
        model = onnx.shape_inference.infer_shapes(model)
        known = {value.name: value for value in model.graph.value_info}
        added = 0
        for node in model.graph.node:
            if node.op_type == "QLinearAdd" and node.output[0] not in known:
                source = known.get(node.input[0])
                if source is not None:
                    value = model.graph.value_info.add()
                    value.CopyFrom(source)
                    value.name = node.output[0]
                    added += 1
        if not added:
            return model


def _bytes(tensor: Any) -> int:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    size: int = math.prod(tensor.dims) * dtype.itemsize
    return size


def _shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor whose sides are known."""
    known = {entry.name: tuple(entry.dims) for entry in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        sides = value.type.tensor_type.shape.dim
        if sides and all(side.dim_value for side in sides):
            known.setdefault(value.name, tuple(side.dim_value for side in sides))
    return known


def _multiply_adds(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    """Outputs times the products that make one."""
    output = shapes.get(node.output[0], ())
    if node.op_type in _CONVOLUTIONS:
        weight = shapes.get(node.input[_CONVOLUTIONS[node.op_type]], ())
        return math.prod(output) * math.prod(weight[1:]) if output and weight else 0
    if node.op_type in _PRODUCTS:
        first = shapes.get(node.input[_PRODUCTS[node.op_type][0]], ())
        return math.prod(output) * first[-1] if output and first else 0
    return 0
