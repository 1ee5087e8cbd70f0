"""A real bundle with a real ONNX model small enough to reason about: it finds bright cells.

The model averages each 8x8 cell of its input; a cell brighter than 200 gets a positive score and a
box that covers just the cell. So a white square painted on a cell must come back as a box on it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from belisha.boxes import Boxes
from belisha.bundle import Bundle, write_bundle
from belisha.decode import HeadLayout
from belisha.frames import Preprocessing
from belisha.manifest import FORMAT, ExpectedBox, Golden, GoldenFrame, Manifest

WIDTH, HEIGHT, STRIDE = 64, 48, 8
HEAD = HeadLayout(boxes="distances", scores="logit", strides=(STRIDE,))
PREPROCESSING = Preprocessing(width=WIDTH, height=HEIGHT)


def toy_model(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """The ONNX file: uint8 (1, H, W, 3) -> scores (1, N, 1), boxes (1, N, 4)."""
    cells = (width // STRIDE) * (height // STRIDE)
    mean = np.full((1, 3, STRIDE, STRIDE), 0.1 / (3 * STRIDE * STRIDE), np.float32)
    # softplus(log(e^0.5 - 1)) is 0.5: half a stride to each side.
    half = np.full((1, cells, 4), np.log(np.exp(0.5) - 1), np.float32)
    nodes = [
        helper.make_node("Cast", ["frame"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "mean", "bias"], ["map"], strides=[STRIDE, STRIDE]),
        helper.make_node("Reshape", ["map", "shape"], ["scores"]),
        helper.make_node("Identity", ["half"], ["boxes"]),
    ]
    weights = {
        "mean": mean,
        "bias": np.array([-20.0], np.float32),
        "shape": np.array([1, cells, 1], np.int64),
        "half": half,
    }
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("frame", TensorProto.UINT8, [1, height, width, 3])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, cells, 1]),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, cells, 4]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def scene(
    *cells: tuple[int, int], width: int = WIDTH, height: int = HEIGHT, scale: int = 1
) -> np.ndarray:
    """A dark frame with white cells at the given (column, row), each 8 * scale pixels wide."""
    image = np.full((height * scale, width * scale, 3), 30, np.uint8)
    side = STRIDE * scale
    for column, row in cells:
        image[row * side : (row + 1) * side, column * side : (column + 1) * side] = 255
    return image


def toy_manifest(**changes: object) -> Manifest:
    """The toy's manifest; fields may be replaced."""
    preprocessing = changes.get("preprocessing", PREPROCESSING)
    assert isinstance(preprocessing, Preprocessing)
    box = ExpectedBox(xyxy=(16.0, 8.0, 24.0, 16.0), score=float(1 / (1 + np.exp(-5.5))))
    golden = Golden(
        threshold=0.5,
        min_iou=0.9,
        max_score_difference=0.02,
        frames=(GoldenFrame(file="golden/0.png", origin="one white cell", boxes=(box,)),),
    )
    manifest = Manifest(
        format=FORMAT,
        name="toy",
        origin="drawn by the tests",
        licence="Apache-2.0",
        preprocessing=preprocessing,
        preprocessing_digest=preprocessing.digest,
        head=HEAD,
        threshold=0.5,
        models={"float": "models/float.onnx"},
        golden=golden,
        files={},
    )
    return replace(manifest, **changes)


def toy_files() -> dict[str, bytes]:
    """The toy's files, path in the bundle -> content."""
    golden = cv2.imencode(".png", scene((2, 1)))[1].tobytes()
    return {"models/float.onnx": toy_model(), "golden/0.png": golden}


def toy_bundle(path: Path, **changes: object) -> Bundle:
    """Write the toy as a bundle."""
    return write_bundle(path, toy_manifest(**changes), toy_files())


def cell_box(column: int, row: int, scale: float = 1) -> tuple[float, float, float, float]:
    """The box that the toy reports for a cell, in pixels."""
    side = STRIDE * scale
    return column * side, row * side, (column + 1) * side, (row + 1) * side


def rows(boxes: Boxes) -> list[tuple[float, ...]]:
    """Boxes as sorted, rounded tuples, for comparison."""
    return sorted(tuple(round(float(side), 3) for side in box) for box in boxes.xyxy)
