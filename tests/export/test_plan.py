"""The plan: which scale each tensor gets, which layers stay in float, and why."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from belisha.errors import UsageError
from export.calibrate import best_clip, calibrate
from export.plan import INPUT_SCALE, make_plan, read_layout
from tests.export.trained import float_model, frame, plan

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


def test_the_camera_byte_is_the_integer() -> None:
    assert plan().scales[read_layout(float_model()).pixels] == INPUT_SCALE == 1 / 128


def test_all_but_the_last_convolutions_of_the_heads_become_int8() -> None:
    layers = list(plan().layers.values())
    assert sum(layer.precision == "float" for layer in layers) == 3, "one a level"
    assert all("last of a head" in layer.reason for layer in layers if layer.precision == "float")
    assert sum(layer.precision == "int8" for layer in layers) == len(layers) - 3


def test_every_input_of_an_int8_layer_has_a_scale() -> None:
    inputs = {
        node.input[0]
        for node in float_model().graph.node
        if node.op_type == "Conv" and plan().layers[node.output[0]].precision == "int8"
    }
    assert inputs <= set(plan().scales)
    assert all(scale > 0 for scale in plan().scales.values())


def test_people_can_read_it() -> None:
    assert json.loads(plan().to_json())["scales"] == plan().scales


def test_a_strange_operator_is_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(float_model())
    model.graph.node[4].op_type = "Tanh"
    with pytest.raises(UsageError, match=r"got also \['Tanh'\]"):
        make_plan(model, {})


def test_an_even_spread_is_kept_whole() -> None:
    assert best_clip(np.ones(2048, np.int64), 10.0) == pytest.approx(10, rel=0.02)


def test_a_lone_outlier_is_clipped_for_the_sake_of_the_rest() -> None:
    counts = np.zeros(2048, np.int64)
    counts[:300] = 10_000
    counts[-1] = 1
    assert best_clip(counts, 10.0) < 5


def test_calibration_sees_the_same_in_any_order() -> None:
    frames = [frame(seed) for seed in range(4)]
    forwards, backwards = (calibrate(float_model(), order) for order in (frames, frames[::-1]))
    assert forwards == backwards


def test_calibration_needs_a_frame() -> None:
    with pytest.raises(UsageError, match="at least one calibration frame"):
        calibrate(float_model(), [])
