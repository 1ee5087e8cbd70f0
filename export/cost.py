"""What a quantisation costs at the network's outputs: in scores, in places, in detections.

The error of a tensor says little: one network forgives here what another punishes there. So each
choice of the plan is judged at the end, by what the same frames give with it and in float.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from belisha.boxes import Boxes, FloatArray
from belisha.decode import BOXES, SCORES, Decoder, HeadLayout
from belisha.engines.onnx_runtime import session_options
from belisha.errors import UsageError
from belisha.frames import Image, Preprocessing
from belisha.matching import match
from export.plan import Cost

THRESHOLD = 0.3
"""Score of a detection whose coming or going is counted."""
HYSTERESIS = 0.05
"""A box may cross the threshold by this much without being lost or new."""

Outputs = Mapping[str, FloatArray]


@dataclass(frozen=True, eq=False)
class _Seen:
    """The float network's view of a frame: scores and distances of all cells, and its boxes."""

    scores: NDArray[np.float64]
    distances: NDArray[np.float64]
    boxes: Boxes


class Meter:
    """Compares quantised graphs with their float graph on the same frames.

    Args:
        model: the float graph.
        frames: (1, H, W, 3) uint8 each.
        head: what its outputs mean; `distances` and `logit`, as the networks of this kit have.
        preprocessing: gives the size.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        frames: Sequence[Image],
        head: HeadLayout,
        preprocessing: Preprocessing,
    ) -> None:
        if head.boxes != "distances" or head.scores != "logit":
            raise UsageError(
                f"expected a head of distances and logits, got {head.boxes} and {head.scores}: "
                "only networks of 'python -m training train' can be planned"
            )
        self._frames = frames
        self._decoder = Decoder(head, preprocessing)
        self._float = [self._seen(outputs) for outputs in self._outputs(model)]

    def cost(self, model: onnx.ModelProto) -> Cost:
        """Of a graph with the same inputs and outputs, quantised in part or all over."""
        noise = signal = overlap = weight = 0.0
        lost = new = 0
        for wanted, outputs in zip(self._float, self._outputs(model), strict=True):
            got = self._seen(outputs)
            weights = wanted.scores**2
            noise += float(((got.scores - wanted.scores) ** 2).sum())
            signal += float(weights.sum())
            overlap += float((weights * (1 - _iou(wanted.distances, got.distances))).sum())
            weight += float(weights.sum())
            lost += _unmatched(wanted.boxes, got.boxes)
            new += _unmatched(got.boxes, wanted.boxes)
        detections = sum(int((seen.boxes.scores >= THRESHOLD).sum()) for seen in self._float)
        return Cost(
            score=_round((noise / max(signal, 1e-12)) ** 0.5),
            overlap=_round(overlap / max(weight, 1e-12)),
            detections=detections,
            lost=lost,
            new=new,
        )

    def _outputs(self, model: onnx.ModelProto) -> list[Outputs]:
        session = open_probe(model)
        entry = session.get_inputs()[0].name
        return [
            dict(zip((SCORES, BOXES), session.run([SCORES, BOXES], {entry: frame}), strict=True))
            for frame in self._frames
        ]

    def _seen(self, outputs: Outputs) -> _Seen:
        logits = outputs[SCORES][0, :, 0].astype(np.float64)
        return _Seen(
            scores=1 / (1 + np.exp(-logits)),
            distances=np.logaddexp(0, outputs[BOXES][0].astype(np.float64)),
            boxes=self._decoder(outputs, THRESHOLD - HYSTERESIS),
        )


def open_probe(model: onnx.ModelProto) -> Any:
    """A session that computes quantise-dequantise pairs as they stand, the rest as fast as it can.

    Otherwise ONNX Runtime would fuse some pairs into integer operators of its own choosing.
    """
    options = session_options(None)
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _iou(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4), (N, 4) distances left, top, right, bottom of the same cells -> (N,) overlap."""
    shared = _area(np.minimum(first, second))
    overlap: NDArray[np.float64] = shared / (_area(first) + _area(second) - shared)
    return overlap


def _area(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    area: NDArray[np.float64] = (distances[:, 0] + distances[:, 2]) * (
        distances[:, 1] + distances[:, 3]
    )
    return area


def _unmatched(wanted: Boxes, given: Boxes) -> int:
    """How many of the boxes above the threshold have no partner, weaker ones allowed."""
    clear = wanted[wanted.scores >= THRESHOLD]
    return int((~match(given, clear.xyxy).found).sum())


def _round(value: float) -> float:
    return float(f"{value:.4g}")
