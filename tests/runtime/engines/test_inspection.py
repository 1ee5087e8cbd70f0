"""The engine inspector's report is read in both of its schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from belisha.engines.nvidia.inspection import read_inspection
from belisha.errors import EngineError


def layer(kind: str, node: str, tensor: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": f"fused {node}",
        "LayerType": kind,
        "Inputs": [{"Name": "x", "Dimensions": [1, 16, 8, 8], **tensor}],
        "Outputs": [],
        "Metadata": f"[ONNX Layer: {node}]\x1e[ONNX Layer: {node}_relu]",
    }


INT8 = "Thirty-two wide channel vectorized row major Int8 format"
FP16 = "Channel major FP16 format where channel % 8 == 0"
FP32 = "Row major linear FP32"
OLD = {
    "Layers": [
        layer("Reformat", "r", {"Format/Datatype": FP32}),
        layer("CaskConvolution", "a", {"Format/Datatype": INT8}),
        layer("CaskConvolution", "b", {"Format/Datatype": FP16}),
        layer("CaskConvolution", "c", {"Format/Datatype": FP32}),
        {**layer("CudaKernel", "d", {"Format/Datatype": INT8}), "ParameterType": "Convolution"},
    ],
    "Bindings": ["frame", "scores", "boxes"],
}
NEW = {
    "Layers": [
        layer("kgen", "r", {"DataType": "UInt8", "Format": "Row major linear"}),
        layer("correlation", "a", {"DataType": "Int8", "Format": "Row major FP32"}),
        layer("correlation", "b", {"Datatype": "Half"}),
        layer("correlation", "c", {"Datatype": "Float"}),
        layer("correlation", "d", {"Datatype": "Int8"}),
    ],
    "I/O Tensors": [{"Name": "frame"}, {"Name": "scores"}, {"Name": "boxes"}],
}


@pytest.mark.parametrize("document", [OLD, NEW], ids=["TensorRT 10", "TensorRT 11"])
def test_both_schemas_give_the_same(document: dict[str, Any]) -> None:
    inspection = read_inspection(json.dumps(document))
    assert (inspection.layers, inspection.convolutions, inspection.int8) == (5, 4, 2)
    assert (inspection.fp32, inspection.fp16) == (("c",), ("b",))
    assert inspection.tensors == ("frame", "scores", "boxes")


def test_a_uint8_input_is_not_taken_for_int8() -> None:
    document = {"Layers": [layer("correlation", "a", {"DataType": "UInt8"})]}
    assert read_inspection(json.dumps(document)).int8 == 0


def test_without_metadata_the_layers_own_name_is_told() -> None:
    plain = {**layer("Convolution", "a", {"Datatype": "Float"}), "Metadata": ""}
    assert read_inspection(json.dumps({"Layers": [plain]})).fp32 == ("fused a",)


@pytest.mark.parametrize(
    "text",
    ['{"Layers": ["stem", "head"]}', '{"Layers": {}}', "[]", '{"Bindings": []}'],
    ids=["names only", "no list", "a list", "no layers"],
)
def test_a_report_without_details_is_an_error(text: str) -> None:
    with pytest.raises(EngineError, match="profiling verbosity DETAILED"):
        read_inspection(text)


def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(EngineError, match="the engine inspector's report"):
        read_inspection("no json")
