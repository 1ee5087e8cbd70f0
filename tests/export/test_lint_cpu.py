"""Lint of the CPU flavour: the emitted file is clean, and each rule finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from export.emit_cpu import emit_cpu
from export.lint_cpu import RULES, lint_cpu
from export.plan import LayerPlan
from tests.export.test_lint_tensorrt import constant, node
from tests.export.trained import float_model, plan

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

Edit = Callable[[Any], object]


def emitted() -> onnx.ModelProto:
    return emit_cpu(float_model(), plan())


def convolution_in_float(model: Any) -> None:
    """`stages.1.0` dequantised, convolved with its ReLU in float, quantised again."""
    one = node(model, "stages.1.0")
    place = list(model.graph.node).index(one)
    made = [
        helper.make_node("DequantizeLinear", list(one.input[:3]), ["real"], "real"),
        helper.make_node("Conv", ["real", "w"], ["sums"], "stages.1.0"),
        helper.make_node("Relu", ["sums"], ["active"], "relu"),
        helper.make_node("QuantizeLinear", ["active", *one.input[6:8]], [one.output[0]], "again"),
    ]
    constant(model, "w", np.zeros((32, 16, 3, 3), np.float32))
    model.graph.node.remove(one)
    for new in reversed(made):
        model.graph.node.insert(place, new)


def lost_layer(model: Any) -> None:
    node(model, "stages.1.0").name = "else"


def arithmetic_on_bytes(model: Any) -> None:
    first = node(model, "stages.0.0")
    made = helper.make_node("Identity", [first.input[0]], ["copied"], "copied")
    first.input[0] = "copied"
    model.graph.node.insert(0, made)


def another_zero_for_bytes(model: Any) -> None:
    constant(model, "zero_128", np.array(127, np.uint8))


def signed_output(model: Any) -> None:
    node(model, "stages.1.0").input[7] = "zero_128"


def shifted_weights(model: Any) -> None:
    constant(model, "stages.1.0.weight_zero", np.ones(32, np.int8))


def unsigned_weights(model: Any) -> None:
    constant(model, "stages.1.0.weight_int8", np.ones((32, 16, 3, 3), np.uint8))


def one_scale(model: Any) -> None:
    constant(model, "stages.1.0.weight_scale", np.float32(0.1))


def unsigned_head_weights(model: Any) -> None:
    constant(model, "heads.0.cells.weight_int8", np.ones((32, 5), np.uint8))


def one_scale_for_a_head(model: Any) -> None:
    constant(model, "heads.0.cells.weight_scale", np.float32(0.1))


def head_in_float(model: Any) -> None:
    node(model, "heads.0.cells").op_type = "Conv"


def another_scale(model: Any) -> None:
    constant(model, "stages.1.0_scale", np.array(0.7, np.float32))


PLANTED: list[tuple[Edit, str, str]] = [
    (convolution_in_float, "integers", "stages.1.0"),
    (lost_layer, "integers", "stages.1.0"),
    (arithmetic_on_bytes, "bytes-only-moved", "copied"),
    (another_zero_for_bytes, "bytes-only-moved", "stages.0.0"),
    (signed_output, "unsigned-activations", "stages.1.0"),
    (shifted_weights, "signed-weights", "stages.1.0"),
    (unsigned_weights, "signed-weights", "stages.1.0"),
    (one_scale, "signed-weights", "stages.1.0"),
    (unsigned_head_weights, "signed-weights", "heads.0.cells"),
    (one_scale_for_a_head, "signed-weights", "heads.0.cells"),
    (head_in_float, "integers", "heads.0.cells"),
    (another_scale, "planned-scales", "stages.1.0"),
    (convolution_in_float, "float-islands", "relu"),
    (convolution_in_float, "float-islands", "again"),
]


def test_what_is_emitted_is_clean() -> None:
    assert lint_cpu(emitted(), plan()) == ()


def test_a_layer_that_the_plan_excuses_is_no_finding() -> None:
    layers = {**plan().layers, "stages.1.0": LayerPlan("float", "asked for")}
    excused = replace(plan(), layers=layers)
    assert lint_cpu(emit_cpu(float_model(), excused), excused) == ()


@pytest.mark.parametrize(
    ("edit", "rule", "place"), PLANTED, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_a_planted_fault_is_found_at_its_node(edit: Edit, rule: str, place: str) -> None:
    model = emitted()
    edit(model)
    found = [finding for finding in lint_cpu(model, plan()) if finding.rule == rule]
    assert place in {finding.node for finding in found}


def test_no_rule_is_without_its_fault() -> None:
    assert len(RULES) == len({rule for _, rule, _ in PLANTED})
