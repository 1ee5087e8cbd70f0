"""The real builder on NVIDIA's own compiler, TensorRT-RTX, which needs no GPU: what it takes, makes
and refuses. It says nothing about speed, and it has no target for Orin (8.7); 8.6 is its kin.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from belisha import champion
from belisha.bundle import Bundle
from belisha.engines.nvidia.builder import DEFAULT_OPTIONS, BuildOptions, compile_model
from belisha.engines.nvidia.building import Build, BuildLimits
from belisha.engines.nvidia.cache import EngineCache
from belisha.engines.nvidia.fingerprint import Machine, fingerprint
from belisha.engines.nvidia.library import load_tensorrt
from belisha.errors import EngineError
from belisha.manifest import digest

pytestmark = pytest.mark.accelerator
TARGET = "SM86"
CAPABILITIES = ("SM80", "SM86", "SM89", "SM120")


@pytest.fixture(scope="module")
def trt() -> Any:
    return load_tensorrt("tensorrt_rtx")


@pytest.fixture(scope="module")
def model() -> bytes:
    """The shipped detector's flavour for TensorRT."""
    return Bundle.open(champion.BUNDLE).model("int8_tensorrt")


def convolutions(details: str) -> list[bool]:
    """For each compiled convolution, whether it multiplies int8 by int8."""
    found = []
    for line in details.splitlines():
        if "LayerType: correlation" in line:
            inputs, constants = (
                re.search(rf"{part}: \[.*?Datatype: (\w+)", line)
                for part in ("Inputs", "Constants")
            )
            assert inputs
            assert constants
            found.append((inputs[1], constants[1]) == ("Int8", "Int8"))
    return found


def planned(model: bytes) -> int:
    """Convolutions whose input and weights are integers; the ends of heads have float weights."""
    graph = onnx.load_model_from_string(model).graph
    real = {
        name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output
    }
    return sum(node.op_type == "Conv" and real.issuperset(node.input[:2]) for node in graph.node)


def edited(model: bytes, edit: Callable[[Any], None]) -> bytes:
    proto = onnx.load_model_from_string(model)
    edit(proto.graph)
    return proto.SerializeToString()


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_planned_convolution_of_the_champion_is_int8(
    trt: Any, model: bytes, capability: str
) -> None:
    compiled = compile_model(trt, model, DEFAULT_OPTIONS, target=capability)
    found = convolutions(compiled.details)
    print(
        f"\n{capability}: {sum(found)} of {len(found)} convolutions INT8, {planned(model)} planned"
    )
    assert sum(found) == planned(model) > 10


def test_progress_is_told(trt: Any, model: bytes) -> None:
    told: list[tuple[str, int, int]] = []
    compile_model(
        trt, model, DEFAULT_OPTIONS, target=TARGET, on_phase=lambda *one: told.append(one)
    )
    assert told
    assert all(0 <= done <= steps for _, done, steps in told)


def without_pair(graph: Any) -> None:
    """Let two convolutions read what was there before it was quantised."""
    pairs = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    before = {
        node.output[0]: node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"
    }
    done = 0
    for node in graph.node:
        pair = pairs.get(node.input[0]) if node.op_type == "Conv" else None
        if pair is not None and pair.input[0] in before and done < 2 and node is not graph.node[0]:
            node.input[0] = before[pair.input[0]]
            done += 1
    assert done == 2


def test_two_convolutions_that_stay_in_float_are_detected(trt: Any, model: bytes) -> None:
    compiled = compile_model(trt, edited(model, without_pair), DEFAULT_OPTIONS, target=TARGET)
    assert sum(convolutions(compiled.details)) == planned(model) - 2


def shifted(graph: Any) -> None:
    """Asymmetric activations: a zero point that is not zero."""
    for tensor in graph.initializer:
        if tensor.name == "zero_int8" or (
            tensor.data_type == onnx.TensorProto.INT8 and not tensor.dims
        ):
            tensor.CopyFrom(numpy_helper.from_array(np.array(3, np.int8), tensor.name))


def unsigned(graph: Any) -> None:
    """uint8 activations, as CPUs like them."""
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8 and not tensor.dims:
            tensor.CopyFrom(numpy_helper.from_array(np.array(128, np.uint8), tensor.name))


def quantised_bias(graph: Any) -> None:
    """A bias in int32 with a pair, as ONNX Runtime's quantiser writes it by default."""
    node = next(node for node in graph.node if node.op_type == "Conv" and len(node.input) == 3)
    bias = next(one for one in graph.initializer if one.name == node.input[2])
    integers = numpy_helper.to_array(bias).round().astype(np.int32)
    constants = {"bias_int32": integers, "bias_scale": np.array(1, np.float32)}
    graph.initializer.extend(numpy_helper.from_array(*pair[::-1]) for pair in constants.items())
    graph.node.insert(0, onnx.helper.make_node("DequantizeLinear", list(constants), ["bias_real"]))
    node.input[2] = "bias_real"


def test_a_quantised_bias_is_refused_with_its_words(trt: Any, model: bytes) -> None:
    with pytest.raises(EngineError, match=r"TensorRT refuses the model: .*Int32"):
        compile_model(trt, edited(model, quantised_bias), DEFAULT_OPTIONS, target=TARGET)


@pytest.mark.parametrize("edit", [shifted, unsigned])
def test_what_tensorrt_cannot_quantise_is_refused_with_its_words(
    trt: Any, model: bytes, edit: Callable[[Any], None]
) -> None:
    with pytest.raises(
        EngineError, match=r"TensorRT (refuses the model|could not build).*zero.?point"
    ):
        compile_model(trt, edited(model, edit), DEFAULT_OPTIONS, target=TARGET)


def test_what_is_no_onnx_file_is_refused(trt: Any) -> None:
    with pytest.raises(EngineError, match="TensorRT refuses the model: "):
        compile_model(trt, b"no model", DEFAULT_OPTIONS, target=TARGET)


def test_a_whole_build_in_its_own_process_is_kept_with_time_and_memory(
    model: bytes, tmp_path: Path
) -> None:
    machine = Machine("RTX", "8.6", "rtx", "13.0", None, None)
    cache = EngineCache(tmp_path / "engines")
    wanted = fingerprint(digest(model), machine, BuildOptions(level=2))
    build = Build(
        model, "champion", wanted, cache, BuildLimits(1), library="tensorrt_rtx", target=TARGET
    )
    record = build.run()
    print(f"\nTensorRT-RTX build: {record.seconds:.1f} s, {record.peak_mb} MB at most")
    assert cache.read(wanted)[1] == record
    assert sum(convolutions(build.details)) == planned(model)
    assert record.peak_mb > 50
