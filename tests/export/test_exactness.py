"""One arithmetic: fine-tuning, TensorRT's file and the CPU's file have the same integers.

Compared layer by layer from the same input: over a whole network a single value that falls the
other way at a half step moves others, in any two programs that add in another order.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from export.emit_cpu import emit_cpu
from export.emit_tensorrt import emit_tensorrt
from tests.export.trained import float_model, frame, network, plan
from training.model import GROUP
from training.quantised import Flavour, input_tensors, quantised

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

MOST_TIES = 1e-3
"""Share of values that may fall the other way at a half step."""
FRAME = frame(77)


@lru_cache
def emitted_integers(flavour: Flavour) -> dict[str, np.ndarray]:
    """Tensor -> its integers as the emitted file computes them, times the plan's scale."""
    model = (emit_tensorrt if flavour == "int8" else emit_cpu)(float_model(), plan())
    suffix, kind = ("int8", TensorProto.INT8) if flavour == "int8" else ("u8", TensorProto.UINT8)
    names = [name for name in plan().tensors if name != "pixels"]
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(f"{name}_{suffix}", kind, None))
    integers = run(model, [f"{name}_{suffix}" for name in names], optimise=flavour == "uint8")
    return {
        name: values.astype(np.float32) * np.float32(plan().scales[name])
        for name, values in zip(names, integers, strict=True)
    }


def run(model: onnx.ModelProto, names: list[str], optimise: bool) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(names, {"frame": FRAME})


def pixels() -> np.ndarray:
    """The first convolution's input, computed apart."""
    _, height, width, channels = FRAME.shape
    grouped = FRAME.reshape(1, height, width // GROUP, channels * GROUP).transpose(0, 3, 1, 2)
    return ((grouped.astype(np.float32) - 128) / 128).copy()


@pytest.mark.parametrize("flavour", ["int8", "uint8"])
def test_every_layer_gives_the_integers_of_the_emitted_flavour(flavour: Flavour) -> None:
    integers = {"pixels": pixels(), **emitted_integers(flavour)}
    net = quantised(network(), plan().scales, flavour)
    for name, source in input_tensors(net).items():
        with torch.inference_mode():
            got = net.get_submodule(name)(torch.from_numpy(integers[source])).numpy()
        step = plan().scales[name]
        apart = np.rint(got / step) - np.rint(integers[name] / step)
        assert np.abs(apart).max() <= 1, name
        assert (apart != 0).mean() <= MOST_TIES, name


def test_both_emitted_flavours_agree_on_what_neither_cuts_off() -> None:
    first, second = emitted_integers("int8"), emitted_integers("uint8")
    name = "stages.0.0"
    step = plan().scales[name]
    apart = np.rint(first[name] / step) - np.minimum(np.rint(second[name] / step), 127)
    assert np.abs(apart).max() <= 1
    assert (apart != 0).mean() <= MOST_TIES


@pytest.mark.parametrize(("flavour", "emit"), [("int8", emit_tensorrt), ("uint8", emit_cpu)])
def test_the_whole_network_is_far_closer_to_its_flavour_than_to_float(
    flavour: Flavour, emit: object
) -> None:
    model = emit(float_model(), plan())  # type: ignore[operator]
    emitted = run(model, ["scores", "boxes"], optimise=flavour == "uint8")
    with torch.inference_mode():
        own = quantised(network(), plan().scales, flavour)(torch.from_numpy(FRAME))
        real = network()(torch.from_numpy(FRAME))
    for got, wanted, exact in zip(own, emitted, real, strict=True):
        apart = float(np.abs(got.numpy() - wanted).mean())
        assert apart < 0.5 * float((got - exact).abs().mean())
