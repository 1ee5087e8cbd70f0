"""Lint of the TensorRT flavour: the emitted file is clean, and each rule finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.emit_tensorrt import emit_tensorrt
from export.lint_tensorrt import RULES, lint_tensorrt
from export.plan import LayerPlan
from tests.export.trained import float_model, plan

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

Edit = Callable[[Any], object]


def emitted() -> onnx.ModelProto:
    return emit_tensorrt(float_model(), plan())


def node(model: onnx.ModelProto, name: str) -> Any:
    return next(one for one in model.graph.node if one.name == name)


def constant(model: onnx.ModelProto, name: str, array: np.ndarray) -> str:
    """Put a constant in, or in the place of the one of that name."""
    tensor = numpy_helper.from_array(array, name)
    for entry in model.graph.initializer:
        if entry.name == name:
            entry.CopyFrom(tensor)
            return name
    model.graph.initializer.append(tensor)
    return name


def value(model: onnx.ModelProto, name: str) -> np.ndarray:
    return next(
        numpy_helper.to_array(entry) for entry in model.graph.initializer if entry.name == name
    )


def newer_opset(model: Any) -> None:
    model.opset_import[0].version = 19


def foreign_domain(model: Any) -> None:
    node(model, "node_relu").domain = "com.microsoft"


def strange_operator(model: Any) -> None:
    node(model, "node_relu").op_type = "LeakyRelu"


def float_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def moved_bytes(model: Any) -> None:
    moved = helper.make_node("Transpose", ["frame"], ["early"], name="early", perm=[0, 3, 1, 2])
    model.graph.node[0].input[0] = "early"
    model.graph.node.insert(0, moved)


def arithmetic_last(model: Any) -> None:
    """Cast, Reshape, Transpose, Sub, Div: as the graph once was."""
    first = list(model.graph.node[:5])
    order = [first[0], first[3], first[4], first[1], first[2]]
    names = ["frame", "_to_copy", "a", "b", "c", "pixels"]
    for index, one in enumerate(order):
        one.input[0], one.output[0] = names[index], names[index + 1]


def open_side(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "height"


def shifted_zero(model: Any) -> None:
    constant(model, "zero_int8", np.array(3, np.int8))


def unsigned_zero(model: Any) -> None:
    node(model, "stages.0.0_int8").input[2] = constant(model, "z", np.array(0, np.uint8))


def zero_scale(model: Any) -> None:
    constant(model, "stages.1.0_scale", np.array(0, np.float32))


def another_scale(model: Any) -> None:
    constant(model, "stages.1.0_scale", value(model, "stages.1.0_scale") * np.float32(1.5))


def quantised_bias(model: Any) -> None:
    one = node(model, "stages.1.0")
    bias = constant(model, "b32", np.zeros(32, np.int32))
    scale = constant(model, "b32s", np.float32(1e-3))
    model.graph.node.insert(0, helper.make_node("DequantizeLinear", [bias, scale], ["b"], "bias"))
    one.input[2] = "b"


def pair_before_relu(model: Any) -> None:
    relu = node(model, "node_relu_1")
    scale, zero = "stages.0.0_scale", "zero_int8"
    place = list(model.graph.node).index(relu)
    pair = [
        helper.make_node("QuantizeLinear", [relu.input[0], scale, zero], ["q"], "between"),
        helper.make_node("DequantizeLinear", ["q", scale, zero], ["dq"], "between_real"),
    ]
    relu.input[0] = "dq"
    for one in reversed(pair):
        model.graph.node.insert(place, one)


def second_pair(model: Any) -> None:
    scale, zero = "stages.1.0_scale", "zero_int8"
    model.graph.node.extend(
        [
            helper.make_node("QuantizeLinear", ["stages.1.0", scale, zero], ["again"], "again"),
            helper.make_node("DequantizeLinear", ["again", scale, zero], ["again_real"], "again_r"),
        ]
    )


def float_weights(model: Any) -> None:
    node(model, "stages.1.0").input[1] = constant(
        model, "plain", np.zeros((32, 16, 3, 3), np.float32)
    )


def one_scale_for_all_channels(model: Any) -> None:
    constant(model, "stages.1.0.weight_scale", np.float32(0.01))


def bypassed_pair(model: Any) -> None:
    node(model, "stages.1.0").input[0] = "stages.0.0"


PLANTED: list[tuple[Edit, str, str]] = [
    (newer_opset, "opset", ""),
    (foreign_domain, "opset", "node_relu"),
    (strange_operator, "operators", "node_relu"),
    (float_input, "camera-bytes", "frame"),
    (moved_bytes, "camera-bytes", "early"),
    (arithmetic_last, "arithmetic-first", "node_sub"),
    (open_side, "static-shapes", "frame"),
    (shifted_zero, "symmetric", "stages.0.0_int8"),
    (unsigned_zero, "symmetric", "stages.0.0_int8"),
    (zero_scale, "scales", "stages.1.0_int8"),
    (another_scale, "scales", "stages.1.0_int8"),
    (quantised_bias, "int32-bias", "bias"),
    (pair_before_relu, "between-conv-and-relu", "between"),
    (second_pair, "doubled-pairs", "again"),
    (float_weights, "int8-weights", "stages.1.0"),
    (one_scale_for_all_channels, "int8-weights", "stages.1.0"),
    (bypassed_pair, "int8-inputs", "stages.1.0"),
]


def test_what_is_emitted_is_clean() -> None:
    assert lint_tensorrt(emitted(), plan()) == ()


@pytest.mark.parametrize(
    ("edit", "rule", "place"), PLANTED, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_a_planted_fault_is_found_at_its_node(edit: Edit, rule: str, place: str) -> None:
    model = emitted()
    edit(model)
    found = [finding for finding in lint_tensorrt(model, plan()) if finding.rule == rule]
    assert place in {finding.node for finding in found}
    assert all(finding.message for finding in found)


def test_int8_weights_of_a_layer_that_was_planned_in_float_are_found() -> None:
    layers = {**plan().layers, "heads.0.cells": LayerPlan("float", "asked for")}
    found = lint_tensorrt(emitted(), replace(plan(), layers=layers))
    assert [(one.rule, one.node) for one in found] == [("int8-weights", "heads.0.cells")]


def test_no_rule_is_without_its_fault() -> None:
    names = {rule.__name__.replace("_", "-") for rule in RULES}
    assert names == {rule for _, rule, _ in PLANTED}


def test_one_message_for_each_node() -> None:
    model = emitted()
    shifted_zero(model)
    found = [str(one) for one in lint_tensorrt(model, plan()) if one.rule == "symmetric"]
    assert len(found) == len(set(found)) == 2 * len(plan().tensors)
    assert "symmetric: pixels_int8: expected the zero point int8 0, got int8 3" in found
