"""A drawn teacher of COCO's classes: the brighter a cell, the surer it is of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CLASSES, BINS = 416, 80, 32


def write_teacher(path: Path, strides: tuple[int, ...] = (8, 16, 32, 64)) -> Path:
    """A model with the inputs and outputs of PicoDet-S (four strides) or NanoDet-m (three)."""
    nodes, outputs = [], []
    for stride in strides:
        nodes += _level(stride, outputs)
    weight = np.zeros((CLASSES, 3, 1, 1), np.float32)
    weight[0] = 1  # of all classes only the person answers to light
    constants = [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(np.array([-2.0] * CLASSES, np.float32), "bias"),
        numpy_helper.from_array(np.array([1, CLASSES, -1]), "shape"),
    ]
    boxes = [
        helper.make_tensor_value_info(
            f"boxes{stride}", TensorProto.FLOAT, [1, side(stride) ** 2, 32]
        )
        for stride in strides
    ]
    nodes += [_constant_boxes(stride) for stride in strides]
    picture = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    graph = helper.make_graph(nodes, "teacher", [picture], [*outputs, *boxes], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def side(stride: int) -> int:
    """Cells along a side."""
    return -(-SIDE // stride)


def _level(stride: int, outputs: list[Any]) -> list[Any]:
    name = f"scores{stride}"
    outputs.append(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, side(stride) ** 2, CLASSES])
    )
    square = {"kernel_shape": [stride, stride], "strides": [stride, stride], "ceil_mode": 1}
    return [
        helper.make_node("AveragePool", ["image"], [f"pool{stride}"], **square),
        helper.make_node("Conv", [f"pool{stride}", "weight", "bias"], [f"logits{stride}"]),
        helper.make_node("Sigmoid", [f"logits{stride}"], [f"map{stride}"]),
        helper.make_node("Reshape", [f"map{stride}", "shape"], [f"rows{stride}"]),
        helper.make_node("Transpose", [f"rows{stride}"], [name], perm=[0, 2, 1]),
    ]


def _constant_boxes(stride: int) -> Any:
    zeros = np.zeros((1, side(stride) ** 2, BINS), np.float32)
    return helper.make_node(
        "Constant", [], [f"boxes{stride}"], value=numpy_helper.from_array(zeros)
    )
