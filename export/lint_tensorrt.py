"""Lint of the TensorRT flavour: what TensorRT would refuse, leave in float, or run slowly.

Each rule is a function from the graph to its findings. What they rest on was seen with NVIDIA's
compiler (`export.oracle`), which says the same, later, and in its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx

from export.finding import Finding
from export.float_model import IR_VERSION, OPSET
from export.layout import KNOWN
from export.lint_graph import LintGraph
from export.plan import Plan

PAIR = ("QuantizeLinear", "DequantizeLinear")

Rule = Callable[[LintGraph, Plan], Iterator[Finding]]


def lint_tensorrt(model: onnx.ModelProto, plan: Plan) -> tuple[Finding, ...]:
    """All that is wrong with the TensorRT flavour; nothing if it is as it should be.

    Args:
        model: the flavour.
        plan: what it was emitted from.
    """
    graph = LintGraph(model)
    return tuple(finding for rule in RULES for finding in rule(graph, plan))


def opset(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """TensorRT 10.3 reads this opset and no operators of other domains."""
    domains = {entry.domain: entry.version for entry in graph.model.opset_import}
    if domains != {"": OPSET}:
        yield Finding("opset", "", f"expected opset {OPSET} alone, got {domains}")
    if graph.model.ir_version > IR_VERSION:
        version = graph.model.ir_version
        yield Finding("opset", "", f"expected at most IR version {IR_VERSION}, got {version}")
    for node in graph.model.graph.node:
        if node.domain:
            yield Finding("opset", node.name, f"{node.op_type} is of the domain {node.domain}")


def operators(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Only operators that were compiled before."""
    for node in graph.model.graph.node:
        if node.op_type not in KNOWN | set(PAIR):
            yield Finding("operators", node.name, f"{node.op_type} was never tried in TensorRT")


def camera_bytes(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """The input is the camera's byte, cast before anything moves it."""
    entry = graph.model.graph.input[0]
    kind = entry.type.tensor_type
    sides = [side.dim_value for side in kind.shape.dim]
    if kind.elem_type != onnx.TensorProto.UINT8 or len(sides) != 4 or sides[-1] != 3:
        yield Finding("camera-bytes", entry.name, f"expected uint8 (1, H, W, 3), got {sides}")
    for node in graph.readers.get(entry.name, []):
        if node.op_type != "Cast":
            yield Finding(
                "camera-bytes",
                node.name,
                f"expected Cast as the bytes' first reader, got {node.op_type}: TensorRT refuses "
                "to move bytes",
            )


def arithmetic_first(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Moving after arithmetic is one kernel with the first quantisation; before it, two."""
    name = graph.model.graph.input[0].name
    moved = False
    while name in graph.readers and graph.readers[name][0].op_type != "QuantizeLinear":
        node = graph.readers[name][0]
        if node.op_type == "Conv":
            return
        if moved and node.op_type in ("Sub", "Div", "Mul", "Add"):
            yield Finding(
                "arithmetic-first",
                node.name,
                f"{node.op_type} after the pixels were moved: the input takes two kernels",
            )
        moved = moved or node.op_type in ("Reshape", "Transpose")
        name = node.output[0]


def static_shapes(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Every side of input and outputs is a number: an engine is built for one size."""
    for entry in (*graph.model.graph.input, *graph.model.graph.output):
        if any(not side.dim_value for side in entry.type.tensor_type.shape.dim):
            yield Finding("static-shapes", entry.name, "a side is open: export with a fixed size")


def symmetric(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Integers are int8 around 0; TensorRT refuses uint8 and other zero points."""
    for node in graph.of_type(*PAIR):
        if not graph.is_int8_zero(node):
            zero = graph.constant(node, 2)
            got = "none that the file holds" if zero is None else f"{zero.dtype} {zero.max()}"
            yield Finding("symmetric", node.name, f"expected the zero point int8 0, got {got}")


def scales(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Scales are constants above 0, and the plan's for its tensors."""
    for node in graph.of_type(*PAIR):
        scale = graph.constant(node, 1)
        if scale is None or not (np.isfinite(scale).all() and (scale > 0).all()):
            got = "none that the file holds" if scale is None else f"{scale.min()}"
            yield Finding("scales", node.name, f"expected numbers above 0, got {got}")
        elif node.op_type == "QuantizeLinear":
            planned = plan.scales.get(node.input[0])
            if planned is None or np.float32(planned) != scale:
                yield Finding("scales", node.name, f"expected the plan's {planned}, got {scale}")


def int32_bias(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """A bias is float: TensorRT refuses to dequantise int32, as ONNX Runtime's tools write it."""
    for node in graph.of_type("DequantizeLinear"):
        value = graph.constant(node, 0)
        if value is not None and value.dtype != np.int8:
            yield Finding("int32-bias", node.name, f"expected int8 constants, got {value.dtype}")


def between_conv_and_relu(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """No pair between a convolution and its ReLU: it would keep the two from being one kernel."""
    for node in graph.of_type("QuantizeLinear"):
        if graph.made_by(node.input[0]) != "Conv":
            continue
        pairs = graph.readers.get(node.output[0], [])
        followers = [
            reader.op_type for pair in pairs for reader in graph.readers.get(pair.output[0], [])
        ]
        if "Relu" in followers:
            yield Finding(
                "between-conv-and-relu",
                node.name,
                "a pair stands between a convolution and its ReLU: an extra kernel",
            )


def doubled_pairs(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """A tensor is quantised once: two pairs in a row, or two on one tensor, are extra kernels."""
    seen: set[str] = set()
    for node in graph.of_type("QuantizeLinear"):
        if graph.made_by(node.input[0]) == "DequantizeLinear" or node.input[0] in seen:
            yield Finding("doubled-pairs", node.name, f"{node.input[0]} is quantised twice")
        seen.add(node.input[0])


def int8_weights(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Weights of planned convolutions are int8, one scale an output channel; others are float."""
    for node in graph.of_type("Conv"):
        planned = _is_planned(node, plan)
        weight = graph.maker.get(node.input[1])
        quantised = weight is not None and graph.made_by(weight.input[0]) == "constant"
        if quantised != planned:
            wanted = "int8 with a DequantizeLinear" if planned else "float, as planned"
            got = "int8" if quantised else f"made by {graph.made_by(node.input[1])}"
            yield Finding("int8-weights", node.name, f"expected weights in {wanted}, got {got}")
        elif quantised:
            yield from _per_channel(graph, node, weight)


def int8_inputs(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """A planned convolution reads a pair; without one TensorRT multiplies in float."""
    for node in graph.of_type("Conv"):
        made = graph.made_by(node.input[0])
        if _is_planned(node, plan) and made != "DequantizeLinear":
            yield Finding(
                "int8-inputs", node.name, f"expected a DequantizeLinear before it, got {made}"
            )


def _is_planned(node: Any, plan: Plan) -> bool:
    layer = plan.layers.get(node.name)
    return layer is not None and layer.precision == "int8"


def _per_channel(graph: LintGraph, node: Any, weight: Any) -> Iterator[Finding]:
    integers, steps = graph.constant(weight, 0), graph.constant(weight, 1)
    axis = next((entry.i for entry in weight.attribute if entry.name == "axis"), 1)
    if integers is None or steps is None or steps.shape != (len(integers),) or axis != 0:
        yield Finding(
            "int8-weights",
            node.name,
            f"expected a scale for each of the outputs on axis 0, got axis {axis}",
        )


RULES: tuple[Rule, ...] = (
    opset,
    operators,
    camera_bytes,
    arithmetic_first,
    static_shapes,
    symmetric,
    scales,
    int32_bias,
    between_conv_and_relu,
    doubled_pairs,
    int8_weights,
    int8_inputs,
)
