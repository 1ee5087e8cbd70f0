"""The quantisation plan: what every tensor's integers mean, and which layers stay in float.

Both INT8 flavours are emitted from the one plan, neither from the other. Quantisation is symmetric:
real = scale * integer, with integers of -127 to 127 for TensorRT. The CPU flavour keeps the scales
and shifts the integers to uint8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import onnx

from belisha.errors import UsageError

INPUT_SCALE = 1 / 128
"""Of (x - 128) / 128: so the camera's byte minus 128 is the integer, without loss."""


@dataclass(frozen=True)
class LayerPlan:
    """What becomes of a convolution, and why."""

    precision: Literal["int8", "float"]
    reason: str


@dataclass(frozen=True)
class Plan:
    """A plan for one graph.

    Attributes:
        scales: tensor -> real value of one step; every input of an int8 layer is here.
        layers: convolution, by the name of its output -> what becomes of it.
    """

    scales: dict[str, float]
    layers: dict[str, LayerPlan]

    def to_json(self) -> bytes:
        """For people and for the bundle."""
        return json.dumps(asdict(self), indent=1).encode() + b"\n"


@dataclass(frozen=True)
class Layout:
    """The places in a float graph that matter for quantisation.

    Attributes:
        pixels: the normalised input, the first convolution's.
        activated: convolution's output -> output of the ReLU behind it; absent if there is none.
        tensors: every tensor that needs a scale, in order.
    """

    pixels: str
    activated: dict[str, str]
    tensors: tuple[str, ...]


def read_layout(model: onnx.ModelProto) -> Layout:
    """Find them.

    Raises:
        UsageError: the graph holds an operator that the emitters do not know.
    """
    known = {
        "Cast",
        "Transpose",
        "Sub",
        "Div",
        "Conv",
        "Relu",
        "Add",
        "Resize",
        "Reshape",
        "Concat",
        "Slice",
    }
    strange = sorted({node.op_type for node in model.graph.node} - known)
    if strange:
        raise UsageError(f"expected a graph of {', '.join(sorted(known))}; got also {strange}")
    pixels = next(node.input[0] for node in model.graph.node if node.op_type == "Conv")
    convolutions = {node.output[0] for node in model.graph.node if node.op_type == "Conv"}
    activated = {
        node.input[0]: node.output[0]
        for node in model.graph.node
        if node.op_type == "Relu" and node.input[0] in convolutions
    }
    measured = [
        node.output[0]
        for node in model.graph.node
        if node.op_type == "Add" or node.output[0] in activated.values()
    ]
    return Layout(pixels, activated, (pixels, *measured))


def make_plan(model: onnx.ModelProto, clips: Mapping[str, float]) -> Plan:
    """A plan for a float graph.

    Args:
        model: as `export_float` makes it.
        clips: tensor -> largest magnitude that is kept, from calibration.
    """
    layout = read_layout(model)
    scales = {name: clips[name] / 127 for name in layout.tensors if name != layout.pixels}
    layers = {
        node.output[0]: _plan_layer(node.output[0], layout)
        for node in model.graph.node
        if node.op_type == "Conv"
    }
    return Plan({layout.pixels: INPUT_SCALE, **scales}, layers)


def _plan_layer(output: str, layout: Layout) -> LayerPlan:
    if output in layout.activated:
        return LayerPlan("int8", "convolution with ReLU")
    return LayerPlan("float", "last of a head: its few channels carry scores and pixels")
