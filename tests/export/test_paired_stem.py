"""The stem in pairs of columns: the same integers from the same bytes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnx
import onnxruntime
import pytest

from belisha.frames import Preprocessing
from export.calibrate import calibrate
from export.emit_cpu import emit_cpu, emit_unpaired
from export.float_model import export_float
from export.lint_cpu import lint_cpu
from export.paired_stem import WIDE, paired, paired_kernel
from export.plan import Plan
from export.planning import quick_plan
from tests.export.trained import network

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


@lru_cache
def flavour(width: int, height: int = 60) -> tuple[onnx.ModelProto, Plan]:
    """The CPU flavour of a small network, and its plan."""
    model = export_float(network().folded(), Preprocessing(width=width, height=height))
    plan = quick_plan(model, calibrate(model, [frame(width, height, seed) for seed in range(4)]))
    return emit_cpu(model, plan), plan


def frame(width: int, height: int, seed: int = 9) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (1, height, width, 3), np.uint8)


def stem(model: onnx.ModelProto) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.op_type == "QLinearConv")


def outputs(model: onnx.ModelProto, image: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {model.graph.input[0].name: image})


@pytest.mark.parametrize("width", [96, 100, 104, 108])  # an even and an odd number of columns
def test_it_gives_the_same_bits(width: int) -> None:
    model, plan = flavour(width)
    assert stem(model).output[0].endswith("_pairs")
    single = unpaired(width)
    assert not stem(single).output[0].endswith("_pairs")
    image = frame(width, 60)
    for one, two in zip(outputs(single, image), outputs(model, image), strict=True):
        assert np.array_equal(one, two)
    assert lint_cpu(model, plan) == ()


def unpaired(width: int) -> onnx.ModelProto:
    """The flavour as its emitter leaves it."""
    model = export_float(network().folded(), Preprocessing(width=width, height=60))
    return emit_unpaired(model, flavour(width)[1])


def test_a_width_that_wider_cells_do_not_divide_stays_as_it_is() -> None:
    model = unpaired(98)
    assert paired(model) is model


def test_an_odd_columns_kernel_is_the_even_ones_moved_by_a_column() -> None:
    weight = np.arange(1, 1 + 2 * 6 * 3 * 5, dtype=np.int16).reshape(2, 6, 3, 5) % 127
    wide = paired_kernel(weight.astype(np.int8))
    assert wide.shape == (4, 3 * WIDE, 3, 4)
    rows = wide.transpose(0, 2, 3, 1).reshape(4, 3, 16, 3)
    assert np.array_equal(rows[:2, :, :10], rows[2:, :, 6:])
    assert not rows[:2, :, 10:].any()
    assert not rows[2:, :, :6].any()
