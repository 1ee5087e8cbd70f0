"""Foreign detectors in miniature: real ONNX files with the outputs of each family.

Each level is one convolution whose kernel and stride are the level's stride, with seeded random
weights, so its outputs depend on the picture and on nothing else.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT = 96, 64
CLASSES, BINS = 5, 8


class Drawing:
    """An ONNX graph under construction."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, array: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operation: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def level(self, stride: int, channels: int, size: tuple[int, int], spread: float) -> str:
        """(1, channels, rows, columns) from the picture, about N(0, spread) each."""
        width, height = size
        below = math.ceil(height / stride) * stride - height
        right = math.ceil(width / stride) * stride - width
        kernel = self.random.normal(0, 1, (channels, 3, stride, stride))
        kernel *= spread / np.sqrt(3 * stride * stride)
        bias = self.random.normal(0, spread / 2, channels)
        return self.node(
            "Conv",
            "image",
            self.weight(kernel.astype(np.float32)),
            self.weight(bias.astype(np.float32)),
            strides=[stride, stride],
            pads=[0, 0, below, right],
        )

    def rows(self, tensor: str, channels: int, output: str = "") -> str:
        """(1, channels, rows, columns) -> (1, cells, channels)."""
        shape = self.weight(np.array([1, channels, -1], np.int64))
        flat = self.node("Reshape", tensor, shape)
        return self.node("Transpose", flat, perm=[0, 2, 1], output=output)

    def model(
        self,
        outputs: dict[str, tuple[int | str, ...]],
        image: tuple[int | str, ...] = (1, 3, HEIGHT, WIDTH),
        *,
        weights_as_inputs: bool = False,
        opset: int = 11,
        metadata: dict[str, str] | None = None,
    ) -> onnx.ModelProto:
        value = helper.make_tensor_value_info
        inputs = [value("image", TensorProto.FLOAT, image)]
        if weights_as_inputs:
            inputs += [value(one.name, one.data_type, one.dims) for one in self.weights]
        results = [value(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "foreign", inputs, results, self.weights)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6
        )
        helper.set_model_props(model, metadata or {})
        return model


def binned(
    strides: tuple[int, ...], classes: int = CLASSES, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> onnx.ModelProto:
    """NanoDet and PicoDet; the weights stand among the inputs, as older exporters leave them."""
    width, height = size
    drawing = Drawing()
    scores: dict[str, tuple[int | str, ...]] = {}
    sides: dict[str, tuple[int | str, ...]] = {}
    for stride in strides:
        cells = math.ceil(width / stride) * math.ceil(height / stride)
        logits = drawing.rows(drawing.level(stride, classes, size, 3), classes)
        drawing.node("Sigmoid", logits, output=f"scores{stride}")
        # Named as the runtime names its outputs, to show that foreign names do not matter.
        bins = drawing.level(stride, 4 * BINS, size, 3)
        name = "boxes" if stride == 8 else f"sides{stride}"
        drawing.rows(bins, 4 * BINS, output=name)
        scores[f"scores{stride}"] = (1, cells, classes)
        sides[name] = (1, cells, 4 * BINS)
    return drawing.model({**scores, **sides}, (1, 3, height, width), weights_as_inputs=True)


def yolo(
    classes: int = CLASSES, names: str | None = None, *, dynamic: bool = False
) -> onnx.ModelProto:
    """YOLOv8: one level at stride 8, boxes somewhere in the picture."""
    drawing = Drawing(seed=1)
    size = (WIDTH, HEIGHT)
    cells = (WIDTH // 8) * (HEIGHT // 8)
    shape = drawing.weight(np.array([1, 4, -1], np.int64))
    many = drawing.weight(np.array([1, classes, -1], np.int64))
    raw = drawing.node("Reshape", drawing.level(8, 4, size, 2), shape)
    unit = drawing.node("Sigmoid", raw)
    scale = np.array([WIDTH, HEIGHT, WIDTH / 2, HEIGHT / 2], np.float32).reshape(1, 4, 1)
    boxes = drawing.node("Mul", unit, drawing.weight(scale))
    logits = drawing.node("Reshape", drawing.level(8, classes, size, 3), many)
    drawing.node("Concat", boxes, drawing.node("Sigmoid", logits), axis=1, output="output0")
    metadata = {"license": "AGPL-3.0", **({"names": names} if names else {})}
    if dynamic:
        return drawing.model(
            {"output0": ("batch", 4 + classes, "anchors")},
            ("batch", 3, "height", "width"),
            metadata=metadata,
        )
    return drawing.model({"output0": (1, 4 + classes, cells)}, metadata=metadata, opset=18)


def fastestdet(classes: int = CLASSES) -> onnx.ModelProto:
    """FastestDet: sigmoid objectness, raw box, softmax classes, one grid at stride 16."""
    drawing = Drawing(seed=2)
    size = (WIDTH, HEIGHT)
    objectness = drawing.node("Sigmoid", drawing.level(16, 1, size, 2))
    box = drawing.level(16, 4, size, 1)
    table = drawing.node("Transpose", drawing.level(16, classes, size, 2), perm=[0, 2, 3, 1])
    soft = drawing.node("Softmax", table, axis=3)
    probabilities = drawing.node("Transpose", soft, perm=[0, 3, 1, 2])
    drawing.node("Concat", objectness, box, probabilities, axis=1, output="758")
    # The softmax of opset 11 joins all later axes, so this one has to be 13.
    return drawing.model({"758": (1, 5 + classes, HEIGHT // 16, WIDTH // 16)}, opset=13)


MODELS = {
    "nanodet": lambda: binned((8, 16, 32)),
    "picodet": lambda: binned((8, 16, 32, 64)),
    "yolov8": yolo,
    "fastestdet": fastestdet,
}
"""Head -> a model that fits it."""


def write_model(path: Path, model: onnx.ModelProto) -> Path:
    """Write an ONNX file."""
    path.write_bytes(model.SerializeToString())
    return path


def write_names(
    path: Path, names: tuple[str, ...] = ("car", "person", "dog", "tree", "van")
) -> Path:
    """Write a file with class names."""
    path.write_text("\n".join(names) + "\n")
    return path
