"""YOLOv8 and all that Ultralytics exports in the same form: YOLOv5u, 10, 11, 12, 26 and later.

One output (1, 4 + classes, N): centre x, centre y, width, height in network pixels, then the
classes' probabilities. The end-to-end form (1, 300, 6) has no candidates left to choose from.
"""

from __future__ import annotations

from dataclasses import dataclass

from belisha.decode import BOXES, SCORES, HeadLayout
from export.heads import Conventions, misfit
from export.onnx_graph import FLOATS, Graph, Tensor


@dataclass(frozen=True)
class YoloHead:
    """See `export.heads.Head`."""

    conventions: Conventions

    def classes(self, graph: Graph) -> int:
        """See `Head.classes`."""
        outputs = graph.outputs
        if len(outputs) != 1 or not _fits(outputs[0]):
            raise misfit(
                "yolov8",
                graph,
                "one output (1, 4 + classes, N) with N above 4 + classes",
                "choose another --head, or export a detection model with nms=False, end2end=False",
            )
        return (outputs[0].shape[1] or 0) - 4

    def rewrite(self, graph: Graph, person: int) -> HeadLayout:
        """See `Head.rewrite`."""
        cells = graph.outputs[0].shape[2] or 0
        rows = graph.as_float(graph.outputs[0])
        score = graph.slice(rows, 1, 4 + person, 5 + person)
        cxcywh = graph.slice(rows, 1, 0, 4)
        graph.node("Transpose", score, perm=[0, 2, 1], output=SCORES)
        graph.node("Transpose", cxcywh, perm=[0, 2, 1], output=BOXES)
        graph.replace_outputs({SCORES: (1, cells, 1), BOXES: (1, cells, 4)})
        return HeadLayout(boxes="cxcywh", scores="probability", nms_iou=0.7, max_candidates=1000)


def _fits(output: Tensor) -> bool:
    if len(output.shape) != 3 or output.dtype not in FLOATS:
        return False
    batch, rows, cells = (side or 0 for side in output.shape)
    # The older form (1, N, 5 + classes) lies the other way round.
    return batch == 1 and 5 <= rows < cells


HEAD = YoloHead(Conventions(colour="rgb", fit="letterbox", pad=114, threshold=0.25))
