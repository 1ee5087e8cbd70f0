"""A network under training as a detector: the bundle's own preprocessing and decoding around it."""

from __future__ import annotations

from dataclasses import replace

import torch

from belisha.boxes import Boxes
from belisha.calibration import OWN, Calibration
from belisha.decode import BOXES, SCORES, Decoder
from belisha.frames import FrameTransform, Image, Preprocessing
from training.model import LAYOUT, Network


class TorchDetector:
    """A frame -> its people, by torch.

    Args:
        network: is folded; later changes to it have no effect here.
        preprocessing: of the detector.
        threshold: least score to report.
        calibration: of the scores; the network's own if absent.
    """

    def __init__(
        self,
        network: Network,
        preprocessing: Preprocessing,
        threshold: float,
        calibration: Calibration = OWN,
    ) -> None:
        self._network = network.folded()
        self._preprocessing, self._threshold = preprocessing, threshold
        self._decode = Decoder(replace(LAYOUT, calibration=calibration), preprocessing)
        self._transforms: dict[tuple[int, int], FrameTransform] = {}

    def __call__(self, image_bgr: Image) -> Boxes:
        """(H, W, 3) uint8 BGR -> boxes in its pixels, best first."""
        transform = self._transform(image_bgr.shape[1], image_bgr.shape[0])
        with torch.inference_mode():
            scores, boxes = self._network(torch.from_numpy(transform.apply(image_bgr)))
        outputs = {SCORES: scores.numpy(), BOXES: boxes.numpy()}
        return transform.to_source(self._decode(outputs, self._threshold))

    def _transform(self, width: int, height: int) -> FrameTransform:
        """The transform for frames of this size, made once."""
        key = width, height
        if key not in self._transforms:
            self._transforms[key] = self._preprocessing.for_frame(width, height)
        return self._transforms[key]
