"""The gain of one model over another, on the same images."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import Boxes
from belisha.errors import UsageError
from tests.training.evaluation.truth import boxes, dataset, sample, standing
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import Evaluation, measure
from training.evaluation.paired import gain_in_ap50

STREET = dataset(*(sample([standing(40), standing(60, left=100)]) for _ in range(30)))
RIGHT = (standing(40), 0.9)
BOTH = boxes(RIGHT, (standing(60, left=100), 0.8))
NOBODY = Boxes.empty()


def measured(
    detections: list[Boxes], street: Dataset = STREET, heights: tuple[float, ...] = (0.0,)
) -> Evaluation:
    return measure(
        street, detections, threshold=0.5, min_heights=heights, resampling=Resampling(count=300)
    )


def test_a_model_gains_nothing_over_itself() -> None:
    once = measured([BOTH, NOBODY] * 15)
    gain = gain_in_ap50(once, once)
    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_the_gain_is_the_difference_of_the_two_figures() -> None:
    first, second = measured([boxes(RIGHT)] * 30), measured([BOTH] * 30)
    gain = gain_in_ap50(first, second)
    wanted = (second.results[0].ap50.value or 0) - (first.results[0].ap50.value or 0)
    assert gain.value == pytest.approx(wanted, abs=1e-6)
    assert gain.low is not None
    assert gain.low > 0.3


def test_what_is_hard_for_both_does_not_widen_the_interval() -> None:
    """On half of the images both find nobody; one more person elsewhere is a sure gain."""
    hard = [NOBODY] * 15
    first, second = measured([boxes(RIGHT)] * 15 + hard), measured([BOTH] * 15 + hard)
    gain = gain_in_ap50(first, second)
    assert gain.low is not None
    assert gain.high is not None
    single = second.results[0].ap50
    assert gain.high - gain.low < (single.high or 1) - (single.low or 0)


def test_a_gain_that_is_noise_has_an_interval_with_zero() -> None:
    random = np.random.default_rng(1)
    first, second = (
        measured([BOTH if random.random() < 0.5 else boxes(RIGHT) for _ in range(30)])
        for _ in range(2)
    )
    gain = gain_in_ap50(first, second)
    assert gain.low is not None
    assert gain.high is not None
    assert gain.low < 0 < gain.high


def test_heights_nobody_has_give_no_gain() -> None:
    once = measured([BOTH] * 30, heights=(0.0, 500.0))
    assert gain_in_ap50(once, once, 1).value is None


def test_other_images_cannot_be_compared() -> None:
    other = dataset(sample([standing(50)]), sample([standing(40)]))
    with pytest.raises(UsageError, match="same images"):
        gain_in_ap50(measured([BOTH] * 30), measured([BOTH] * 2, other))
    with pytest.raises(UsageError, match="same heights"):
        gain_in_ap50(measured([BOTH] * 30), measured([BOTH] * 30, heights=(20.0,)))
