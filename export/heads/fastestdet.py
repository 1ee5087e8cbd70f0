"""FastestDet (dog-qiuqiu): one grid of cells, decoded in the graph.

One output (1, 5 + classes, rows, columns): objectness and class probabilities, and a box that is
tanh off its cell's corner and sigmoid of the picture in size. score = objectness^0.6 * class^0.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belisha.decode import BOXES, SCORES, HeadLayout
from export.heads import Conventions, misfit
from export.onnx_graph import FLOATS, Graph, Tensor

OBJECT_POWER, CLASS_POWER = 0.6, 0.4


@dataclass(frozen=True)
class FastestDetHead:
    """See `export.heads.Head`."""

    conventions: Conventions

    def classes(self, graph: Graph) -> int:
        """See `Head.classes`."""
        outputs = graph.outputs
        if len(outputs) != 1 or not _fits(outputs[0]):
            raise misfit(
                "fastestdet",
                graph,
                "one output (1, 5 + classes, rows, columns)",
                "choose another --head",
            )
        return (outputs[0].shape[1] or 0) - 5

    def rewrite(self, graph: Graph, person: int) -> HeadLayout:
        """See `Head.rewrite`."""
        channels, rows, columns = (side or 0 for side in graph.outputs[0].shape[1:])
        cells = rows * columns
        shape = graph.constant(np.array([1, channels, cells], np.int64))
        flat = graph.node("Reshape", graph.as_float(graph.outputs[0]), shape)
        table = graph.node("Transpose", flat, perm=[0, 2, 1])  # (1, N, channels)
        _score(graph, table, person)
        _boxes(graph, table, rows, columns)
        graph.replace_outputs({SCORES: (1, cells, 1), BOXES: (1, cells, 4)})
        return HeadLayout(boxes="cxcywh", scores="probability", nms_iou=0.45)


def _fits(output: Tensor) -> bool:
    if len(output.shape) != 4 or output.dtype not in FLOATS:
        return False
    batch, channels, rows, columns = (side or 0 for side in output.shape)
    return batch == 1 and channels > 5 and min(rows, columns) > 1


def _score(graph: Graph, table: str, person: int) -> None:
    """(1, N, channels) -> `scores`."""
    objectness = graph.slice(table, 2, 0, 1)
    probability = graph.slice(table, 2, 5 + person, 6 + person)
    powers = [
        graph.node("Pow", tensor, graph.constant(np.array(power, np.float32)))
        for tensor, power in ((objectness, OBJECT_POWER), (probability, CLASS_POWER))
    ]
    graph.node("Mul", *powers, output=SCORES)


def _boxes(graph: Graph, table: str, rows: int, columns: int) -> None:
    """(1, N, channels) -> `boxes`: centre and size in network pixels."""
    height, width = (side or 0 for side in graph.inputs[0].shape[2:])
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    corners = graph.constant(np.stack([x.ravel(), y.ravel()], axis=1)[None])
    cell = graph.constant(np.array([width / columns, height / rows], np.float32))
    picture = graph.constant(np.array([width, height], np.float32))
    offset = graph.node("Tanh", graph.slice(table, 2, 1, 3))
    centre = graph.node("Mul", graph.node("Add", corners, offset), cell)
    size = graph.node("Mul", graph.node("Sigmoid", graph.slice(table, 2, 3, 5)), picture)
    graph.node("Concat", centre, size, axis=2, output=BOXES)


HEAD = FastestDetHead(Conventions(colour="bgr", fit="stretch", threshold=0.5))
