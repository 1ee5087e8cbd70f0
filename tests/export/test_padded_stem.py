"""The stem with its channels filled up: the same integers from the same bytes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from belisha.frames import Preprocessing
from export.calibrate import calibrate
from export.emit_cpu import emit_cpu, emit_plain
from export.float_model import export_float
from export.lint_cpu import lint_cpu
from export.padded_stem import MULTIPLE, padded
from export.plan import Plan
from export.planning import quick_plan
from tests.export.trained import network

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough
WIDTH, HEIGHT = 100, 64


@lru_cache
def float_model() -> tuple[onnx.ModelProto, Plan]:
    model = export_float(network().folded(), Preprocessing(width=WIDTH, height=HEIGHT))
    return model, quick_plan(model, calibrate(model, [frame(seed) for seed in range(4)]))


def frame(seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8)


def stem_channels(model: onnx.ModelProto) -> int:
    first = next(node for node in model.graph.node if node.op_type == "QLinearConv")
    weights = {entry.name: entry for entry in model.graph.initializer}
    return numpy_helper.to_array(weights[first.input[3]]).shape[1]


def outputs(model: onnx.ModelProto, image: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {model.graph.input[0].name: image})


def test_it_gives_the_same_bits() -> None:
    plain, filled = emit_plain(*float_model()), emit_cpu(*float_model())
    assert stem_channels(plain) % MULTIPLE
    assert stem_channels(filled) % MULTIPLE == 0
    for one, two in zip(outputs(plain, frame()), outputs(filled, frame()), strict=True):
        assert np.array_equal(one, two)


def test_the_flavour_stays_free_of_what_slows_it() -> None:
    assert lint_cpu(emit_cpu(*float_model()), float_model()[1]) == ()


def test_the_graph_that_it_was_given_is_left_alone() -> None:
    plain = emit_plain(*float_model())
    before = plain.SerializeToString(deterministic=True)
    padded(plain)
    assert plain.SerializeToString(deterministic=True) == before


def test_channels_enough_stay_as_they_are() -> None:
    filled = emit_cpu(*float_model())
    assert padded(filled) is filled
