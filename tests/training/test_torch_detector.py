"""A network as a detector: boxes in the pixels of whatever picture it is given."""

from __future__ import annotations

import numpy as np
import torch

from belisha.frames import Preprocessing
from training.model import build_network
from training.torch_detector import TorchDetector

SIZE = Preprocessing(width=100, height=65)


def test_boxes_are_in_the_pixels_of_the_picture() -> None:
    detect = TorchDetector(build_network("tiny"), SIZE, threshold=1e-4)
    for width, height in ((320, 240), (100, 65), (641, 481)):
        found = detect(np.full((height, width, 3), 90, np.uint8))
        assert len(found) > 0
        assert (found.xyxy >= 0).all()
        assert (found.xyxy <= (width, height, width, height)).all()


def test_what_is_below_the_threshold_is_not_reported() -> None:
    detect = TorchDetector(build_network("tiny"), SIZE, threshold=0.9)
    assert len(detect(np.zeros((65, 100, 3), np.uint8))) == 0


def test_the_network_may_learn_on_without_changing_the_detector() -> None:
    network = build_network("tiny")
    detect = TorchDetector(network, SIZE, threshold=1e-4)
    picture = np.full((65, 100, 3), 90, np.uint8)
    before = detect(picture)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
    assert np.array_equal(detect(picture).xyxy, before.xyxy)
