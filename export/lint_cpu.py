"""Lint of the CPU flavour: what would run in float, or not be what the plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx

from export.finding import Finding
from export.lint_graph import LintGraph
from export.plan import Plan
from training.integers import INPUT_SCALE

_MOVES = frozenset({"Reshape", "Transpose", "Concat"})
_WEIGHTS = {"QLinearConv": ((3, 4, 5), 0), "MatMulIntegerToFloat": ((1, 3, 5), 1)}
"""Operation -> places of weights, their scales and zero points; axis of the output channels."""

Rule = Callable[[LintGraph, Plan], Iterator[Finding]]


def lint_cpu(model: onnx.ModelProto, plan: Plan) -> tuple[Finding, ...]:
    """All that is wrong with the CPU flavour; nothing if it is as it should be.

    Args:
        model: the flavour.
        plan: what it was emitted from.
    """
    graph = LintGraph(model)
    return tuple(finding for rule in RULES for finding in rule(graph, plan))


def planned_in_integers(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Every convolution multiplies integers, but what the plan excuses."""
    found = {node.name for node in graph.of_type(*_WEIGHTS)}
    for node in graph.of_type("Conv"):
        layer = plan.layers.get(node.name)
        if layer is None:
            yield Finding("integers", node.name, "the plan knows no such convolution")
        elif layer.precision == "int8":
            yield Finding("integers", node.name, "expected integers, got Conv in float")
    for name in set(plan.layers) - found - {node.name for node in graph.of_type("Conv")}:
        yield Finding("integers", name, "the plan's convolution is not in the graph")


def bytes_only_moved(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """The camera's bytes reach the first convolution without arithmetic, with nothing but fill."""
    name = graph.model.graph.input[0].name
    while name in graph.readers and graph.readers[name][0].op_type in _MOVES:
        name = graph.readers[name][0].output[0]
    for node in graph.readers.get(name, []):
        if node.op_type != "QLinearConv":
            yield Finding(
                "bytes-only-moved",
                node.name,
                f"expected the bytes to be moved and convolved, got {node.op_type}",
            )
            continue
        scale, zero = graph.constant(node, 1), graph.constant(node, 2)
        if scale is None or zero is None or scale != np.float32(INPUT_SCALE) or zero != 128:
            yield Finding(
                "bytes-only-moved",
                node.name,
                f"expected scale 1/128 and zero point 128, got {scale} and {zero}",
            )


def unsigned_activations(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """What leaves a convolution is uint8 around 0: the ReLU is in it."""
    for node in graph.of_type("QLinearConv"):
        zero = graph.constant(node, 7)
        if zero is None or zero.dtype != np.uint8 or zero != 0:
            got = "none" if zero is None else f"{zero.dtype} {zero}"
            yield Finding(
                "unsigned-activations",
                node.name,
                f"expected the output's zero point uint8 0, got {got}",
            )


def signed_weights(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Weights are int8 around 0, a scale a channel: what VNNI and arm64 multiply at once."""
    for node in graph.of_type(*_WEIGHTS):
        places, axis = _WEIGHTS[node.op_type]
        weight, scale, zero = (graph.constant(node, place) for place in places)
        if weight is None or weight.dtype != np.int8 or zero is None or zero.any():
            yield Finding("signed-weights", node.name, "expected int8 weights with zero point 0")
        elif scale is None or scale.shape != (weight.shape[axis],):
            yield Finding("signed-weights", node.name, "expected a scale for each output channel")


def planned_scales(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """A convolution's output has the plan's scale."""
    for node in graph.of_type("QLinearConv"):
        scale, planned = graph.constant(node, 6), plan.scales.get(node.name)
        if planned is None or scale is None or scale != np.float32(planned):
            yield Finding(
                "planned-scales", node.name, f"expected the plan's {planned}, got {scale}"
            )


def float_islands(graph: LintGraph, plan: Plan) -> Iterator[Finding]:
    """Nothing but sums that leave computes in float: no ReLU of its own, no quantising again."""
    floats = {name for name, layer in plan.layers.items() if layer.precision == "float"}
    excused = floats & set(plan.tensors)  # a layer in the middle that was planned in float
    for node in graph.of_type("Relu", "QuantizeLinear", "Add", "Resize"):
        leaving = graph.made_by(node.input[0]) == "MatMulIntegerToFloat"
        if not leaving and not any(name in excused for name in (*node.input, *node.output)):
            yield Finding("float-islands", node.name, f"{node.op_type} computes in float")
    for node in graph.of_type("DequantizeLinear"):
        readers = graph.readers.get(node.output[0], [])
        if any(reader.op_type != "Conv" for reader in readers):
            kinds = sorted({reader.op_type for reader in readers})
            yield Finding("float-islands", node.name, f"expected convolutions behind, got {kinds}")


RULES: tuple[Rule, ...] = (
    planned_in_integers,
    bytes_only_moved,
    unsigned_activations,
    signed_weights,
    planned_scales,
    float_islands,
)
