"""The TensorRT flavour: explicit quantise-dequantise pairs, symmetric int8, int8 weights.

Each tensor of the plan passes a QuantizeLinear and a DequantizeLinear where it is made, so all who
read it read the same integers, as in the CPU flavour. The weights of a planned convolution are int8
with a DequantizeLinear. There is no pair between a convolution and its ReLU, so TensorRT can fuse
the two. Explicit pairs are the one way to INT8 that TensorRT 10.3 to 11 have in common.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from export.equalise import equalised
from export.kernel import quantise_kernel
from export.plan import Plan


class _Emitter:
    """Walks the float graph once, in order."""

    def __init__(self, model: onnx.ModelProto, plan: Plan) -> None:
        self._model, self._plan = model, plan
        self._weights = {
            entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer
        }
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._real: dict[str, str] = {}

    def emit(self) -> onnx.ModelProto:
        """The whole model, checked."""
        for node in self._model.graph.node:
            self._node(node)
        graph = self._model.graph
        used = {name for node in self._nodes for name in node.input}
        kept = [entry for entry in graph.initializer if entry.name in used]
        constants = [*kept, *self._constants.values()]
        emitted = helper.make_graph(self._nodes, "tensorrt", graph.input, graph.output, constants)
        model = helper.make_model(
            emitted, opset_imports=self._model.opset_import, ir_version=self._model.ir_version
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _node(self, node: Any) -> None:
        copied = onnx.NodeProto()
        copied.CopyFrom(node)
        copied.input[:] = [self._real.get(name, name) for name in node.input]
        if node.op_type == "Conv" and self._plan.layers[node.name].precision == "int8":
            self._quantise(node, copied)
        self._nodes.append(copied)
        for output in node.output:
            if output in self._plan.tensors:
                self._pair(output)

    def _pair(self, tensor: str) -> None:
        """Quantise and dequantise a tensor; who reads it later reads the result."""
        integers, real = f"{tensor}_int8", f"{tensor}_real"
        scale = self._constant(
            f"{tensor}_scale", np.array(self._plan.tensors[tensor].scale, np.float32)
        )
        zero = self._constant("zero_int8", np.array(0, np.int8))
        self._add("QuantizeLinear", [tensor, scale, zero], integers)
        self._add("DequantizeLinear", [integers, scale, zero], real)
        self._real[tensor] = real

    def _quantise(self, node: Any, planned: Any) -> None:
        """Give a convolution int8 weights, and the bias as it counts in integers."""
        weight, *bias = node.input[1:]
        kernel = quantise_kernel(
            self._weights[weight],
            self._weights[bias[0]] if bias else None,
            self._plan.tensors[node.input[0]].scale,
        )
        inputs = [
            self._constant(f"{weight}_int8", kernel.weight),
            self._constant(f"{weight}_scale", kernel.scales),
            self._constant(f"{weight}_zero", np.zeros(len(kernel.scales), np.int8)),
        ]
        self._add("DequantizeLinear", inputs, f"{weight}_real", axis=0)
        rounded = self._constant(f"{node.name}.rounded_bias", kernel.real_bias)
        planned.input[1:] = [f"{weight}_real", rounded]

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def _add(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        node = helper.make_node(operation, inputs, [output], name=output, **attributes)
        self._nodes.append(node)


def emit_tensorrt(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto:
    """The TensorRT flavour of a float graph.

    Args:
        model: as `export_float` makes it.
        plan: for this graph, or a part of one (`Plan.only`): what it leaves out stays in float.
    """
    return _Emitter(equalised(model, plan.equalisation.factors), plan).emit()
