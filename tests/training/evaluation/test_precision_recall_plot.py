"""The curves behind the figures."""

from __future__ import annotations

import cv2
import numpy as np

from tests.training.evaluation.truth import boxes, dataset, sample, standing
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import measure
from training.evaluation.precision_recall_plot import curve, precision_recall_plot

FIRST, SECOND = standing(60), standing(60, left=200)


def test_a_curve_has_a_point_at_each_detection_and_the_plot_is_a_png() -> None:
    found = boxes((FIRST, 0.9), (standing(60, left=100), 0.8), (SECOND, 0.7))
    evaluation = measure(
        dataset(sample([FIRST, SECOND])),
        [found],
        threshold=0.5,
        min_heights=(0.0, 100.0),
        resampling=Resampling(count=0),
    )
    recall, precision = curve(evaluation.results[0])
    assert recall.tolist() == [0.5, 0.5, 1]
    assert precision.tolist() == [1, 1 / 2, 2 / 3]
    png = np.frombuffer(precision_recall_plot(evaluation), np.uint8)
    assert cv2.imdecode(png, cv2.IMREAD_COLOR).shape[2] == 3
