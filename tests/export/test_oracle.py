"""The oracle: what the compiler lists is counted, what it refuses is told, and it cannot hang us.

The list is the compiler's format, written here for a graph of three convolutions; a test with the
real compiler runs where BELISHA_RTX_PYTHON names a Python that has tensorrt_rtx.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import onnx
import pytest

from belisha.errors import EngineError, UsageError
from export.emit_tensorrt import emit_tensorrt
from export.oracle import OracleRecord, ask_oracle, judge_layers, read_layers
from tests.export.trained import float_model, plan

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

RTX = os.environ.get("BELISHA_RTX_PYTHON", "")

needs_rtx = pytest.mark.skipif(
    not RTX, reason="needs BELISHA_RTX_PYTHON, a Python with tensorrt_rtx"
)


def tensor(dtype: str, *sides: int) -> str:
    dimensions = ",".join(map(str, sides))
    strides = ",".join("1" for _ in sides)
    return (
        f"{{ Name: t, Dimensions: [{dimensions}], Strides: [{strides}], Datatype: {dtype}, "
        "Format: (NHWC) Channel major format }"
    )


def line(kind: str, name: str, inputs: str, constants: str, outputs: str, *nodes: str) -> str:
    metadata = "".join(f"[ONNX Layer: {node}]" for node in nodes)
    return (
        f"Name: {name}, LayerType: {kind}, Inputs: [ {inputs}], Constants: [ {constants}], "
        f"Outputs: [ {outputs}], TacticName: stub, StreamId: 0, Metadata: {metadata}"
    )


PIXELS, MIDDLE = tensor("Int8", 1, 12, 8, 8), tensor("Int8", 1, 16, 8, 8)
SUMS = tensor("Float", 1, 16, 8, 8)
WEIGHT, SCALE = tensor("Int8", 16, 12, 3, 3), tensor("Float", 1, 16, 1, 1)
FLOAT_WEIGHT = tensor("Float", 5, 16, 1, 1)
LISTED = "\n".join(
    [
        "Layers:",
        line("kgen", "k_0", tensor("UInt8", 1, 8, 8, 3), "", PIXELS, "cast", "pixels_int8"),
        line("correlation", "first_myl0_1", PIXELS, f"{WEIGHT}, {SCALE}", SUMS, "first"),
        line("kgen", "k_2", SUMS, SCALE, MIDDLE, "relu"),
        line("signal", "s_3", "", "", ""),
        line("kgen", "k_4", MIDDLE, "", SUMS, "odd"),
        line("correlation", "head_myl0_5", SUMS, FLOAT_WEIGHT, tensor("Float", 1, 5, 8, 8), "head"),
        line("kgen", "k_6", tensor("Float", 1, 5, 8, 8), "", tensor("Float", 1, 64, 5), "view"),
        "",
        "Engine Metadata:",
    ]
)


def test_convolutions_and_kernels_are_counted_where_they_stand() -> None:
    found = judge_layers("SM86", read_layers(LISTED), ["first"])
    assert (found.convolutions, found.int8, found.float_layers) == (2, 1, ("head",))
    assert (found.input_kernels, found.between, found.output_kernels) == (1, 2, 1)
    assert found.kernels == 4
    assert found.passed


def test_the_share_of_multiply_adds_is_of_the_compiled_shapes() -> None:
    int8, floats = 16 * 64 * 12 * 9, 5 * 64 * 16
    found = judge_layers("SM86", read_layers(LISTED), [])
    assert found.int8_of_macs == pytest.approx(int8 / (int8 + floats))


def test_a_planned_convolution_in_float_fails_by_name() -> None:
    found = judge_layers("SM86", read_layers(LISTED), ["first", "head"])
    assert found.unplanned == ("head",)
    assert not found.passed


def test_int8_inputs_with_float_weights_are_not_int8() -> None:
    mixed = line("correlation", "c_0", PIXELS, FLOAT_WEIGHT, SUMS, "mixed")
    assert judge_layers("SM86", read_layers(mixed), []).int8 == 0


def test_a_record_says_whether_it_ran() -> None:
    assert OracleRecord("", "not installed").json()["ran"] is False
    assert not OracleRecord("", "not installed").passed
    record = OracleRecord("x 1", "", (judge_layers("SM86", read_layers(LISTED), ["first"]),))
    assert record.passed
    assert record.json()["compilations"][0]["kernels"] == 4


def test_without_the_library_the_record_says_how_to_get_it() -> None:
    record = ask_oracle(b"", [], python=Path(sys.executable), capabilities=["SM86"])
    if record.ran:
        pytest.skip("tensorrt_rtx is installed here")
    assert "pip install -e '.[oracle]'" in record.not_run


def fake_python(folder: Path, script: str) -> Path:
    """A program that stands where an interpreter should."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_compiler_that_hangs_is_stopped(tmp_path: Path) -> None:
    python = fake_python(tmp_path, "exec sleep 60")
    with pytest.raises(EngineError, match=r"took more than 0.3 s to compile for SM86"):
        ask_oracle(b"", [], python=python, capabilities=["SM86"], timeout_s=0.3)


def test_a_compiler_that_crashes_is_told_with_its_words(tmp_path: Path) -> None:
    python = fake_python(tmp_path, "echo out of luck >&2; exit 139")
    with pytest.raises(EngineError, match=r"ended with exit code 139.*out of luck"):
        ask_oracle(b"", [], python=python, capabilities=["SM86"])


def test_no_interpreter_is_a_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a Python interpreter"):
        ask_oracle(b"", [], python=tmp_path / "gone", capabilities=["SM86"])


def test_a_refusal_is_a_verdict(tmp_path: Path) -> None:
    python = fake_python(tmp_path, """echo '{"library": "x 1", "refused": "no such operator"}'""")
    record = ask_oracle(b"", ["a"], python=python, capabilities=["SM86"])
    assert record.ran
    assert not record.passed
    assert record.compilations[0].refused == "no such operator"


def compiled(model: onnx.ModelProto) -> OracleRecord:
    data = model.SerializeToString()
    return ask_oracle(data, plan().planned, python=Path(RTX), capabilities=["SM86", "SM120"])


@pytest.mark.shared
@needs_rtx
def test_the_real_compiler_makes_every_planned_convolution_int8() -> None:
    record = compiled(emit_tensorrt(float_model(), plan()))
    assert record.library.startswith("tensorrt_rtx")
    assert record.passed
    for one in record.compilations:
        assert one.int8 == len(plan().planned)
        assert one.float_layers == ("heads.0.cells", "heads.1.cells", "heads.2.cells")
        assert one.int8_of_macs > 0.98
        assert one.input_kernels == 1, "cast, arithmetic, quantisation and movement in one"


@pytest.mark.shared
@needs_rtx
def test_the_real_compiler_finds_what_was_left_in_float() -> None:
    part = plan().only(plan().tensors, [name for name in plan().planned if name != "stages.1.0"])
    for one in compiled(emit_tensorrt(float_model(), part)).compilations:
        assert one.unplanned == ("stages.1.0",)
        assert not one.passed
