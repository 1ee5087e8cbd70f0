"""Equalisation: other weights, the same function, ranges closer to each other."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from export.calibrate import calibrate
from export.equalise import LIMIT, channel_factors, equalisable, equalised
from export.layout import read_layout
from tests.export.test_emitters import outputs
from tests.export.trained import float_model, frame

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

FRAMES = [frame(seed) for seed in range(4)]


def ranges(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    channels = calibrate(model, FRAMES).channels
    return {name: channels[name] for name in equalisable(read_layout(float_model()))}


def test_only_tensors_that_convolutions_alone_read_are_equalised() -> None:
    tensors = equalisable(read_layout(float_model()))
    assert {"stages.0.0", "stages.3.0", "laterals.2", "merges.0"} <= set(tensors)
    assert not {"laterals.0", "merges.2", "merges.1", "pixels", "merges.1.input"} & set(tensors)


def test_the_function_stays_the_same() -> None:
    factors = channel_factors(ranges(float_model()), 0.5)
    changed = equalised(float_model(), factors)
    for got, wanted in zip(outputs(changed), outputs(float_model()), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_a_strength_of_one_brings_all_channels_to_the_tensors_range() -> None:
    before = ranges(float_model())
    after = ranges(equalised(float_model(), channel_factors(before, 1.0)))
    for name, channels in after.items():
        reachable = before[name] > before[name].max() / LIMIT
        np.testing.assert_allclose(channels[reachable], before[name].max(), rtol=1e-3)


def test_the_loudest_channel_is_left_alone() -> None:
    for name, factors in channel_factors(ranges(float_model()), 0.5).items():
        assert max(factors) == 1.0, name
        assert min(factors) >= 1 / LIMIT


def test_without_factors_the_graph_is_the_same_object() -> None:
    assert equalised(float_model(), {}) is float_model()
