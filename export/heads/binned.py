"""What NanoDet and PicoDet share: one output of scores and one of binned sides for each stride.

Each side of a box is a distribution over whole strides (Generalized Focal Loss, Li et al. 2020),
which is a form that the runtime decodes itself, so the graph only gathers and joins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from belisha.decode import BOXES, SCORES, HeadLayout
from belisha.errors import UsageError
from export.heads import Conventions, misfit
from export.onnx_graph import FLOATS, Graph

MAX_CANDIDATES = 1000
"""As many cells as the authors of both let into the suppression."""


@dataclass(frozen=True, kw_only=True)
class BinnedHead:
    """See `export.heads.Head`.

    With L strides and n_i cells at stride i, the file's outputs are L scores (1, n_i, classes),
    probabilities, then L sides (1, n_i, 4 * bins), logits.

    Attributes:
        name: of the head.
        conventions: see `Head.conventions`.
        strides: pixels between cells, in the order of the outputs.
    """

    name: str
    conventions: Conventions
    strides: tuple[int, ...]

    def classes(self, graph: Graph) -> int:
        """See `Head.classes`."""
        outputs = graph.outputs
        levels = len(self.strides)
        cells = self._cells(graph)
        if len(outputs) != 2 * levels or any(len(entry.shape) != 3 for entry in outputs):
            raise self._misfit(graph)
        shapes = [entry.shape for entry in outputs]
        classes, sides = shapes[0][2] or 0, shapes[levels][2] or 0
        expected = [(1, count, last) for last in (classes, sides) for count in cells]
        bins, rest = divmod(sides, 4)
        floats = all(entry.dtype in FLOATS for entry in outputs)
        if shapes != expected or rest or bins < 2 or classes < 1 or not floats:
            raise self._misfit(graph)
        return classes

    def rewrite(self, graph: Graph, person: int) -> HeadLayout:
        """See `Head.rewrite`."""
        outputs, levels = graph.outputs, len(self.strides)
        sides = outputs[levels].shape[2] or 0
        index = graph.constant(np.array([person], np.int64))
        scores = [
            graph.node("Gather", graph.as_float(output), index, axis=2)
            for output in outputs[:levels]
        ]
        boxes = [graph.as_float(output) for output in outputs[levels:]]
        graph.node("Concat", *scores, axis=1, output=SCORES)
        graph.node("Concat", *boxes, axis=1, output=BOXES)
        cells = sum(self._cells(graph))
        graph.replace_outputs({SCORES: (1, cells, 1), BOXES: (1, cells, sides)})
        return HeadLayout(
            boxes="bins",
            scores="probability",
            strides=self.strides,
            bins=sides // 4,
            max_candidates=MAX_CANDIDATES,
        )

    def _cells(self, graph: Graph) -> list[int]:
        """How many cells each stride has."""
        height, width = graph.inputs[0].shape[2:]
        return [
            math.ceil((height or 0) / stride) * math.ceil((width or 0) / stride)
            for stride in self.strides
        ]

    def _misfit(self, graph: Graph) -> UsageError:
        cells = self._cells(graph)
        scores = ", ".join(f"(1, {count}, classes)" for count in cells)
        sides = ", ".join(f"(1, {count}, 4 * bins)" for count in cells)
        return misfit(
            self.name,
            graph,
            f"the outputs {scores}, {sides}",
            "choose another --head, or export the detector without its post-processing",
        )
