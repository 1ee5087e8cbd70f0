"""The CPU flavour: uint8 activations, every planned convolution a QLinearConv, or a product of
integers where its sums leave in float.

Activations keep the plan's scales; after a ReLU their zero point is 0, and the ReLU itself vanishes
in it. The camera's bytes are the first convolution's input, with zero point 128. Weights are int8
with zero point 0, which VNNI and arm64 multiply with uint8 in one instruction. Older processors
add such products with saturation; there the runtime has ONNX Runtime turn the weights to uint8 with
zero point 128 as it loads them (`belisha.engines.onnx_runtime`): slower, the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from belisha.errors import UsageError
from export.equalise import equalised
from export.kernel import Kernel, quantise_kernel
from export.layout import Layout, read_layout
from export.padded_stem import padded
from export.plan import Plan


@dataclass(frozen=True)
class _Quantised:
    """A uint8 tensor: name, and names of the constants scale and zero point."""

    name: str
    scale: str
    zero: str


class _Emitter:
    """Walks the float graph once, in order."""

    def __init__(self, model: onnx.ModelProto, plan: Plan) -> None:
        self._model, self._plan = model, plan
        self._layout: Layout = read_layout(model)
        self._weights = {
            entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer
        }
        self._shapes = _shapes(model)
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._quantised: dict[str, _Quantised] = {}

    def emit(self) -> onnx.ModelProto:
        """The whole model."""
        graph = self._model.graph
        for node in graph.node[self._prologue() :]:
            self._node(node)
        used = {name for node in self._nodes for name in node.input}
        kept = [entry for entry in graph.initializer if entry.name in used]
        constants = [*kept, *self._constants.values()]
        emitted = helper.make_graph(self._nodes, "cpu", graph.input, graph.output, constants)
        domains = [*self._model.opset_import, helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(emitted, opset_imports=domains, ir_version=self._model.ir_version)

    def _prologue(self) -> int:
        """The bytes as the first convolution reads them; the number of nodes that this replaces.

        Bytes are only moved: the cast and the normalisation are in the zero point and the scale.
        """
        name = self._model.graph.input[0].name
        for count, node in enumerate(self._model.graph.node, 1):
            if node.op_type in ("Reshape", "Transpose"):
                moved = onnx.NodeProto()
                moved.CopyFrom(node)
                moved.input[0], moved.output[0] = name, f"{node.output[0]}_u8"
                self._nodes.append(moved)
                name = moved.output[0]
            if node.output[0] == self._layout.pixels:
                self._tensor(self._layout.pixels, name, zero=128)
                return count
        raise AssertionError("the plan's pixels are a tensor of this graph")

    def _node(self, node: Any) -> None:
        """Emit what stands for one node of the float graph."""
        inputs = [self._quantised.get(name) for name in node.input]
        planned = node.op_type == "Conv" and self._plan.layers[node.name].precision == "int8"
        if planned and inputs[0] and node.output[0] in self._layout.activated:
            self._convolution(node, inputs[0])
        elif planned and inputs[0]:
            self._product(node, inputs[0])
        elif node.op_type == "Relu" and node.output[0] in self._quantised:
            return  # in the zero point of the convolution before it
        elif node.op_type == "Resize" and inputs[0]:
            self._resize(node, inputs[0])
        elif node.op_type == "Slice" and inputs[0]:
            self._slice(node, inputs[0])
        elif node.op_type == "Add" and all(inputs):
            self._addition(node, inputs)
        else:
            self._in_float(node)

    def _convolution(self, node: Any, source: _Quantised) -> None:
        kernel = self._kernel(node)
        target = self._tensor(self._layout.activated[node.output[0]])
        self._add(
            "QLinearConv",
            [
                source.name,
                source.scale,
                source.zero,
                self._constant(f"{node.name}.weight_int8", kernel.weight),
                self._constant(f"{node.name}.weight_scale", kernel.scales),
                self._constant(f"{node.name}.weight_zero", np.zeros(len(kernel.scales), np.int8)),
                target.scale,
                target.zero,
                self._constant(f"{node.name}.bias_int32", kernel.bias),
            ],
            target.name,
            name=node.name,
            **{entry.name: helper.get_attribute_value(entry) for entry in node.attribute},
        )

    def _kernel(self, node: Any) -> Kernel:
        """A planned convolution's integers."""
        bias = self._weights[node.input[2]] if len(node.input) > 2 else None
        scale = self._plan.tensors[node.input[0]].scale
        return quantise_kernel(self._weights[node.input[1]], bias, scale)

    def _product(self, node: Any, source: _Quantised) -> None:
        """A planned 1x1 convolution whose sums leave in float, a head's: a product of matrices.

        Its sums of integers are scaled once. A convolution in float would first turn all that it
        reads to float, which took longer than the product.
        """
        kernel, name = self._kernel(node), node.output[0]
        if kernel.weight.shape[2:] != (1, 1):
            raise UsageError(
                f"{node.name}: expected a kernel of 1x1 where sums leave in float, got "
                f"{kernel.weight.shape[2:]}: let the plan put this layer in float"
            )
        matrix = np.ascontiguousarray(kernel.weight[:, :, 0, 0].T)
        self._add("Transpose", [source.name], f"{name}_pixels", perm=[0, 2, 3, 1])
        self._add(
            "MatMulIntegerToFloat",
            [
                f"{name}_pixels",
                self._constant(f"{node.name}.weight_int8", matrix),
                source.scale,
                self._constant(f"{node.name}.weight_scale", kernel.scales),
                source.zero,
                self._constant(f"{node.name}.weight_zero", np.zeros(len(kernel.scales), np.int8)),
            ],
            f"{name}_sums",
            name=node.name,
            domain="com.microsoft",
        )
        # The product could add the bias, but rounds once for both on arm64 and twice on x86. It is
        # added in full size, which ONNX Runtime makes of it as it loads, as that is much faster.
        _, channels, height, width = self._shapes[name]
        bias = self._constant(f"{node.name}.rounded_bias", kernel.real_bias)
        size = self._shape(f"{name}_size", (1, height, width, channels))
        self._add("Expand", [bias, size], f"{name}_bias")
        self._add("Add", [f"{name}_sums", f"{name}_bias"], f"{name}_biased")
        self._add("Transpose", [f"{name}_biased"], name, name=f"{name}_planes", perm=[0, 3, 1, 2])

    def _resize(self, node: Any, source: _Quantised) -> None:
        """Each value four times, by copies of whole pixels: ONNX Runtime's Resize takes ten times
        as long. The transposes vanish in the layout that its convolutions have anyway.
        """
        name, target = node.output[0], f"{node.output[0]}_u8"
        _, channels, height, width = self._shapes[node.input[0]]
        if self._shapes[name] != (1, channels, 2 * height, 2 * width):
            raise UsageError(f"{name}: expected a doubling, got {self._shapes[name]}")
        single = self._shape(f"{name}_single", (1, height, 1, width, 1, channels))
        double = self._shape(f"{name}_double", (1, height, 2, width, 2, channels))
        merged = self._shape(f"{name}_merged", (1, 2 * height, 2 * width, channels))
        self._add("Transpose", [source.name], f"{name}_pixels", perm=[0, 2, 3, 1])
        self._add("Reshape", [f"{name}_pixels", single], f"{name}_apart")
        self._add("Expand", [f"{name}_apart", double], f"{name}_doubled")
        self._add("Reshape", [f"{name}_doubled", merged], f"{name}_together")
        self._add("Transpose", [f"{name}_together"], target, perm=[0, 3, 1, 2])
        self._quantised[name] = _Quantised(target, source.scale, source.zero)

    def _slice(self, node: Any, source: _Quantised) -> None:
        """The row or column that a doubled level has too many is cut off as integers."""
        target = f"{node.output[0]}_u8"
        self._add("Slice", [source.name, *node.input[1:]], target)
        self._quantised[node.output[0]] = _Quantised(target, source.scale, source.zero)

    def _addition(self, node: Any, inputs: list[Any]) -> None:
        target = self._tensor(node.output[0])
        operands = [part for entry in inputs for part in (entry.name, entry.scale, entry.zero)]
        self._add(
            "QLinearAdd",
            [*operands, target.scale, target.zero],
            target.name,
            domain="com.microsoft",
        )

    def _in_float(self, node: Any) -> None:
        """The node as it is; quantised inputs are turned to float before it."""
        for name in node.input:
            source = self._quantised.get(name)
            if source and not any(name in made.output for made in self._nodes):
                entry = [source.name, source.scale, source.zero]
                self._add("DequantizeLinear", entry, name, name=f"{name}_real")
        self._nodes.append(node)
        for name in node.output:
            if name in self._plan.tensors:
                target = self._tensor(name)
                self._add("QuantizeLinear", [name, target.scale, target.zero], target.name)

    def _tensor(self, name: str, made: str = "", zero: int = 0) -> _Quantised:
        """A new uint8 tensor for a float one, with the plan's scale."""
        scale = self._constant(
            f"{name}_scale", np.array(self._plan.tensors[name].scale, np.float32)
        )
        point = self._constant(f"zero_{zero}", np.array(zero, np.uint8))
        tensor = _Quantised(made or f"{name}_u8", scale, point)
        self._quantised[name] = tensor
        return tensor

    def _shape(self, name: str, sides: tuple[int, ...]) -> str:
        return self._constant(name, np.array(sides, np.int64))

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def _add(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        attributes = {"name": output, **attributes}
        self._nodes.append(helper.make_node(operation, inputs, [output], **attributes))


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Tensor -> its sides, of every tensor inside the graph."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    return {
        entry.name: tuple(side.dim_value for side in entry.type.tensor_type.shape.dim)
        for entry in inferred.graph.value_info
    }


def emit_cpu(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto:
    """The CPU flavour of a float graph.

    Args:
        model: as `export_float` makes it.
        plan: for this graph.
    """
    return padded(emit_plain(model, plan))


def emit_plain(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto:
    """The CPU flavour with the stem as it was planned: the same bits, more slowly."""
    return _Emitter(equalised(model, plan.equalisation.factors), plan).emit()
