"""Both INT8 flavours compute what the plan says, and keep to the rules of their engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from export.emit_cpu import emit_cpu
from export.emit_tensorrt import emit_tensorrt
from export.plan import Equalisation, LayerPlan
from tests.export.trained import float_model, frame, plan

HEAD_ENDS = {"heads.0.cells", "heads.1.cells", "heads.2.cells"}
UNSEEN = [frame(seed) for seed in range(50, 54)]

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


def outputs(model: onnx.ModelProto, optimise: bool = True) -> list[np.ndarray]:
    """All outputs on the unseen frames."""
    options = onnxruntime.SessionOptions()
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    results = [session.run(["scores", "boxes"], {"frame": image}) for image in UNSEEN]
    return [np.concatenate([result[index] for result in results]) for index in (0, 1)]


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}


def of_type(model: onnx.ModelProto, kind: str) -> list[Any]:
    return [node for node in model.graph.node if node.op_type == kind]


@pytest.fixture(scope="module")
def cpu() -> onnx.ModelProto:
    return emit_cpu(float_model(), plan())


@pytest.fixture(scope="module")
def tensorrt() -> onnx.ModelProto:
    return emit_tensorrt(float_model(), plan())


def planned() -> int:
    return len(plan().planned)


@pytest.mark.parametrize("flavour", ["cpu", "tensorrt"])
def test_int8_stays_close_to_float(flavour: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(flavour)
    for got, wanted in zip(outputs(model, flavour == "cpu"), outputs(float_model()), strict=True):
        assert np.abs(got - wanted).mean() < wanted.std() / 6
        assert not np.array_equal(got, wanted), "nothing was quantised"


def test_both_flavours_have_the_plans_numbers(
    cpu: onnx.ModelProto, tensorrt: onnx.ModelProto
) -> None:
    reference = outputs(float_model())
    for first, second, exact in zip(
        outputs(cpu), outputs(tensorrt, optimise=False), reference, strict=True
    ):
        assert np.abs(first - second).mean() <= np.abs(first - exact).mean() * 1.5


def test_cpu_every_planned_convolution_computes_with_integers(cpu: onnx.ModelProto) -> None:
    assert len(of_type(cpu, "QLinearConv")) == planned() - 3
    assert {node.name for node in of_type(cpu, "MatMulIntegerToFloat")} == HEAD_ENDS
    assert not of_type(cpu, "Conv")
    assert not of_type(cpu, "Relu"), "a ReLU is in the zero point of its convolution"
    assert not of_type(cpu, "QuantizeLinear"), "the camera's bytes need no arithmetic"


def test_cpu_the_first_convolution_reads_the_cameras_bytes(cpu: onnx.ModelProto) -> None:
    first, values = of_type(cpu, "QLinearConv")[0], constants(cpu)
    before = cpu.graph.node[: list(cpu.graph.node).index(first)]
    kinds = [node.op_type for node in before]
    assert kinds == ["Reshape", "Concat", "Transpose"], "bytes are only moved, and filled up"
    assert before[0].input[0] == "frame"
    assert (values[first.input[1]], values[first.input[2]]) == (1 / 128, 128)


def test_cpu_doubling_copies_pixels_and_changes_none(cpu: onnx.ModelProto) -> None:
    """ONNX Runtime's Resize, put back in the place of the copies, gives the same outputs."""
    with_resize = onnx.ModelProto()
    with_resize.CopyFrom(cpu)
    assert not of_type(cpu, "Resize")
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "doubling")
    with_resize.graph.initializer.append(scales)
    replaced = 0
    for node in with_resize.graph.node:
        if node.output[0].endswith("_together"):
            last = next(one for one in with_resize.graph.node if node.output[0] in one.input)
            first = next(
                one
                for one in with_resize.graph.node
                if one.output[0] == node.output[0].replace("_together", "_pixels")
            )
            resize = helper.make_node(
                "Resize",
                [first.input[0], "", "doubling"],
                [last.output[0]],
                mode="nearest",
                nearest_mode="floor",
                coordinate_transformation_mode="asymmetric",
            )
            last.CopyFrom(resize)
            replaced += 1
    assert replaced == 2
    for copied, resized in zip(outputs(cpu), outputs(with_resize), strict=True):
        assert np.array_equal(copied, resized)


def test_cpu_weights_are_symmetric_int8_which_vnni_and_arm64_multiply_at_once(
    cpu: onnx.ModelProto,
) -> None:
    values = constants(cpu)
    for node in of_type(cpu, "QLinearConv"):
        assert values[node.input[3]].dtype == np.int8
        assert (values[node.input[5]] == 0).all()


def test_cpu_a_convolution_whose_bias_torch_left_out_gets_one_of_zeros() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(float_model())
    convolution = next(node for node in model.graph.node if node.op_type == "Conv")
    del convolution.input[2]
    first = of_type(emit_cpu(model, plan()), "QLinearConv")[0]
    assert not constants(emit_cpu(model, plan()))[first.input[8]].any()


def test_tensorrt_is_symmetric_int8_throughout(tensorrt: onnx.ModelProto) -> None:
    values = constants(tensorrt)
    for node in (*of_type(tensorrt, "QuantizeLinear"), *of_type(tensorrt, "DequantizeLinear")):
        assert values[node.input[2]].dtype == np.int8
        assert (values[node.input[2]] == 0).all()
    weights = [node for node in of_type(tensorrt, "DequantizeLinear") if node.input[0] in values]
    assert len(weights) == planned()


def test_tensorrt_has_no_pair_between_a_convolution_and_its_relu(
    tensorrt: onnx.ModelProto,
) -> None:
    convolved = {node.output[0] for node in of_type(tensorrt, "Conv")}
    assert not convolved & {node.input[0] for node in of_type(tensorrt, "QuantizeLinear")}


def test_tensorrt_keeps_the_opset_and_casts_first(tensorrt: onnx.ModelProto) -> None:
    assert [(entry.domain, entry.version) for entry in tensorrt.opset_import] == [("", 17)]
    assert tensorrt.graph.node[0].op_type == "Cast"


def test_tensorrt_arithmetic_comes_before_the_pixels_are_moved(tensorrt: onnx.ModelProto) -> None:
    first = [node.op_type for node in tensorrt.graph.node[:6]]
    assert first == ["Cast", "Sub", "Div", "Reshape", "Transpose", "QuantizeLinear"]


def test_both_flavours_quantise_the_same_tensors(
    cpu: onnx.ModelProto, tensorrt: onnx.ModelProto
) -> None:
    pairs = {node.input[0] for node in of_type(tensorrt, "QuantizeLinear")}
    assert pairs == set(plan().tensors)
    made = {node.output[0] for node in cpu.graph.node}
    assert {f"{name}_u8" for name in pairs - {"pixels"}} <= made


@pytest.mark.parametrize("layer", ["stages.2.0", "laterals.1", "merges.0"])
def test_a_layer_that_the_plan_puts_in_float_is_in_float_in_both(layer: str) -> None:
    layers = {**plan().layers, layer: LayerPlan("float", "asked for")}
    changed = replace(plan(), layers=layers)
    models = emit_cpu(float_model(), changed), emit_tensorrt(float_model(), changed)
    assert layer in {node.name for node in of_type(models[0], "Conv")}
    assert len(of_type(models[0], "QLinearConv")) == planned() - 4
    found = outputs(models[0]), outputs(models[1], optimise=False)
    for first, second, exact in zip(*found, outputs(float_model()), strict=True):
        assert np.abs(first - second).mean() <= np.abs(first - exact).mean() * 1.5


def test_head_ends_that_the_plan_puts_in_float_are_in_float_in_both() -> None:
    floats = {name: LayerPlan("float", "asked for") for name in HEAD_ENDS}
    changed = replace(plan(), layers={**plan().layers, **floats})
    cpu, tensorrt = emit_cpu(float_model(), changed), emit_tensorrt(float_model(), changed)
    assert {node.name for node in of_type(cpu, "Conv")} == HEAD_ENDS
    assert not of_type(cpu, "MatMulIntegerToFloat")
    assert len(of_type(tensorrt, "DequantizeLinear")) == len(plan().tensors) + planned() - 3
    rounded = outputs(emit_cpu(float_model(), plan()))
    for first, second, before in zip(
        outputs(cpu), outputs(tensorrt, optimise=False), rounded, strict=True
    ):
        assert np.abs(first - second).mean() < first.std() / 6
        assert not np.array_equal(first, before)


def test_cpu_a_head_end_is_its_convolution_with_rounded_weights(cpu: onnx.ModelProto) -> None:
    """Convolutions of real values in the place of the products give the same, but for rounding."""
    model, values = onnx.ModelProto(), constants(cpu)
    model.CopyFrom(cpu)
    for product in of_type(model, "MatMulIntegerToFloat"):
        name, (before, bias, after) = product.name, _around(model, product)
        weight = values[product.input[1]].T * values[product.input[3]][:, None]
        weight = numpy_helper.from_array(weight.astype(np.float32)[:, :, None, None], "w" + name)
        model.graph.initializer.append(weight)
        scale, zero = product.input[2], product.input[4]
        after.CopyFrom(
            helper.make_node(
                "Conv",
                ["real" + name, "w" + name, f"{name}.rounded_bias"],
                after.output,
                "conv" + name,
            )
        )
        before.CopyFrom(
            helper.make_node(
                "DequantizeLinear", [before.input[0], scale, zero], ["real" + name], "real" + name
            )
        )
        model.graph.node.remove(product)
        model.graph.node.remove(bias)
    assert len(of_type(model, "Conv")) == 3
    for product, convolved in zip(outputs(cpu), outputs(model), strict=True):
        assert np.allclose(product, convolved, atol=1e-5, rtol=1e-5)


def _around(model: onnx.ModelProto, product: Any) -> tuple[Any, Any, Any]:
    """The transpose before a product, the addition of its bias, the transpose behind that."""
    before = next(node for node in model.graph.node if product.input[0] in node.output)
    bias = next(node for node in model.graph.node if product.output[0] in node.input)
    after = next(node for node in model.graph.node if bias.output[0] in node.input)
    return before, bias, after


def test_cpu_no_product_rounds_its_bias_as_its_processor_likes(cpu: onnx.ModelProto) -> None:
    """Fused to one rounding on arm64 and not on x86, it would cost the equality of bits."""
    for product in of_type(cpu, "MatMulIntegerToFloat"):
        assert len(product.input) == 6


def test_equalised_weights_go_into_both() -> None:
    factors = {"stages.0.0": tuple(np.linspace(0.5, 1, 16))}
    changed = replace(plan(), equalisation=Equalisation("asked for", factors))
    for emit, name in ((emit_cpu, "view_u8_weight"), (emit_tensorrt, "pixels_scale")):
        model = emit(float_model(), changed)
        assert name in constants(model)
        first, before = (outputs(one)[0] for one in (model, emit(float_model(), plan())))
        assert np.abs(first - before).mean() < before.std() / 6
        assert not np.array_equal(first, before)
