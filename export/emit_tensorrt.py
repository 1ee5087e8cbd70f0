"""The TensorRT flavour: explicit quantise-dequantise pairs, symmetric int8, int8 weights.

Each input of a planned convolution passes a QuantizeLinear and a DequantizeLinear with the plan's
scale; its weights are int8 with a DequantizeLinear. There is no pair between a convolution and its
ReLU, so TensorRT can fuse the two. Explicit pairs are the one way to INT8 that TensorRT 10.3 to 11
have in common.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from export.emit_cpu import channel_scales, quantise_weight
from export.plan import Plan


def emit_tensorrt(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto:
    """The TensorRT flavour of a float graph.

    Args:
        model: as `export_float` makes it.
        plan: for this graph.
    """
    weights = {entry.name: entry for entry in model.graph.initializer}
    constants: dict[str, Any] = {}
    nodes: list[Any] = []
    for node in model.graph.node:
        if node.op_type != "Conv" or plan.layers[node.output[0]].precision == "float":
            nodes.append(node)
            continue
        planned = onnx.NodeProto()
        planned.CopyFrom(node)
        planned.input[0] = _pair(node.input[0], plan, nodes, constants)
        planned.input[1] = _weight(node.input[1], weights, nodes, constants)
        nodes.append(planned)
    used = {name for node in nodes for name in node.input}
    kept = [entry for name, entry in weights.items() if name in used]
    graph = helper.make_graph(
        nodes, "tensorrt", model.graph.input, model.graph.output, [*kept, *constants.values()]
    )
    emitted = helper.make_model(
        graph, opset_imports=model.opset_import, ir_version=model.ir_version
    )
    onnx.checker.check_model(emitted, full_check=True)
    return emitted


def _pair(tensor: str, plan: Plan, nodes: list[Any], constants: dict[str, Any]) -> str:
    """The dequantised name of a tensor; its pair is added once, however many read it."""
    integers, real = f"{tensor}_int8", f"{tensor}_dequantised"
    if any(real in node.output for node in nodes):
        return real
    scale, zero = f"{tensor}_scale", "zero_int8"
    scalar = np.array(plan.scales[tensor], np.float32)
    constants[scale] = numpy_helper.from_array(scalar, scale)
    constants[zero] = numpy_helper.from_array(np.array(0, np.int8), zero)
    nodes.append(helper.make_node("QuantizeLinear", [tensor, scale, zero], [integers], integers))
    nodes.append(helper.make_node("DequantizeLinear", [integers, scale, zero], [real], real))
    return real


def _weight(name: str, weights: dict[str, Any], nodes: list[Any], constants: dict[str, Any]) -> str:
    """The dequantised name of a convolution's weight, one scale an output channel."""
    weight = numpy_helper.to_array(weights[name])
    scales = channel_scales(weight)
    integers, scale, zero, real = (f"{name}_{part}" for part in ("int8", "scale", "zero", "real"))
    constants[integers] = numpy_helper.from_array(quantise_weight(weight, scales), integers)
    constants[scale] = numpy_helper.from_array(scales, scale)
    constants[zero] = numpy_helper.from_array(np.zeros(len(scales), np.int8), zero)
    nodes.append(
        helper.make_node("DequantizeLinear", [integers, scale, zero], [real], real, axis=0)
    )
    return real
