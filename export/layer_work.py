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
_PRODUCTS = {
    "MatMul": (0, 1),
    "Gemm": (0, 1),
    "MatMulInteger": (0, 1),
    "MatMulIntegerToFloat": (0, 1),
    "QLinearMatMul": (0, 3),
}
"""Operation -> which of its inputs are the factors."""
_IN_INTEGERS = frozenset({"QLinearConv", "MatMulIntegerToFloat"})
"""What a convolution of a CPU flavour becomes; the second where its sums leave in float."""
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
            f"{self.integer} of {self.convolutions} convolutions multiply integers, "
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
    """How much of the convolutions of a CPU flavour multiplies integers."""
    work = layer_work(model)
    integer, real = [], []
    for node in onnx.load_model_from_string(model).graph.node:
        if node.op_type in _IN_INTEGERS:
            integer.append(work[node.output[0]].macs)
        elif node.op_type == "Conv":
            real.append(work[node.output[0]].macs)
    total = max(sum(integer) + sum(real), 1)
    return IntegerShare(len(integer), len(integer) + len(real), sum(integer) / total)


def _with_shapes(model: Any) -> Any:
    """The model with the shapes of its tensors; ONNX knows no shapes of others' operators."""
    while True:
        model = onnx.shape_inference.infer_shapes(model)
        shapes = _shapes(model.graph)
        added = 0
        for node in model.graph.node:
            kind, sides = _foreign(node, shapes)
            if sides and node.output[0] not in shapes:
                value = onnx.helper.make_tensor_value_info(node.output[0], kind, sides)
                model.graph.value_info.append(value)
                added += 1
        if not added:
            return model


def _foreign(node: Any, shapes: dict[str, tuple[int, ...]]) -> tuple[int, tuple[int, ...]]:
    """Type and shape of what an operator of ONNX Runtime's own makes; no sides if unknown."""
    if node.op_type == "QLinearAdd":
        return onnx.TensorProto.UINT8, shapes.get(node.input[0], ())
    if node.op_type == "MatMulIntegerToFloat":
        first, second = (shapes.get(name, ()) for name in node.input[:2])
        return onnx.TensorProto.FLOAT, (*first[:-1], second[-1]) if first and second else ()
    return onnx.TensorProto.UNDEFINED, ()


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
