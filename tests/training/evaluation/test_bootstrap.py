"""Intervals: a weight is a repetition, groups stay together, equal seeds draw equally."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belisha.errors import UsageError
from tests.training.evaluation.truth import random_scene, sample
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import Resampling, draw, interval, units
from training.evaluation.coco_precision import coco_precision
from training.evaluation.miss_rate import log_average_miss_rate
from training.evaluation.operating_point import operating_point
from training.evaluation.ranking import every_image_once, rank, tally

IMAGES = 6


@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, 3), min_size=IMAGES, max_size=IMAGES).filter(any),
)
@settings(max_examples=40, deadline=None)
def test_a_weight_counts_like_copies_of_the_image(seed: int, weights: list[int]) -> None:
    # Tied scores are left out: among equals it is open in which order the copies come.
    samples, found = random_scene(seed, IMAGES, ties=False)
    copies = [index for index, weight in enumerate(weights) for _ in range(weight)]
    copied = [samples[index] for index in copies], [found[index] for index in copies]
    weighted, repeated = rank(samples, found, 20), rank(*copied, 20)
    rows = np.array([weights])

    counts, expected = tally(weighted, rows), tally(repeated, every_image_once(repeated))
    assert log_average_miss_rate(counts) == pytest.approx(
        log_average_miss_rate(expected), nan_ok=True
    )
    (coco,) = coco_precision(*copied, (20.0,))
    value = float(average_precision(counts)[0])
    assert value == pytest.approx(np.nan if coco.ap50 is None else coco.ap50, abs=1e-5, nan_ok=True)

    point = operating_point(weighted, rows, 0.5)
    same = operating_point(repeated, every_image_once(repeated), 0.5)
    for name in ("images", "people", "hits", "alarms"):
        assert getattr(point, name) == getattr(same, name), name


def test_every_resample_draws_as_many_images_as_there_are() -> None:
    (weights,) = draw(np.arange(50), Resampling(count=200), rows=1000)
    assert weights.shape == (200, 50)
    assert set(weights.sum(axis=1)) == {50}
    assert weights.mean() == 1


def test_equal_seeds_draw_equally_in_portions_of_any_size() -> None:
    def drawn(seed: int, rows: int) -> list[list[int]]:
        portions = draw(np.arange(20), Resampling(count=30, seed=seed), rows)
        return np.concatenate(list(portions)).tolist()

    assert drawn(1, rows=30) == drawn(1, rows=7)
    assert drawn(1, rows=30) != drawn(2, rows=30)


def test_images_of_a_group_are_drawn_together() -> None:
    names = ["north", "south", "north", "west"]
    unit_of_image = units([sample(sequence=name) for name in names], "sequence")
    (weights,) = draw(unit_of_image, Resampling(count=100, group="sequence"), rows=100)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all(), "three groups are drawn"


def test_an_image_without_the_attribute_is_named() -> None:
    with pytest.raises(UsageError, match=r"'sequence' in every image .* b\.png has only file_name"):
        units([sample(sequence="north"), sample(file_name="b.png")], "sequence")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(1001.0), (25.0, 975.0)),
        (np.array([np.nan, 0.5, 0.5]), (0.5, 0.5)),  # a resample without people says nothing
        (np.array([np.nan]), None),
        (np.zeros(0), None),
    ],
)
def test_the_interval_holds_the_middle_95_percent(
    values: np.ndarray, expected: tuple[float, float] | None
) -> None:
    assert interval(values) == pytest.approx(expected)


def test_the_interval_of_a_share_is_as_wide_as_the_binomial_says() -> None:
    found = np.random.default_rng(5).permutation(np.repeat([0, 1], 200))
    (weights,) = draw(np.arange(400), Resampling(count=2000), rows=2000)
    low, high = interval(weights @ found / 400) or (0, 0)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.006)


@pytest.mark.parametrize("wrong", [{"count": -1}, {"seed": -1}])
def test_wrong_arguments_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=r"expected .* got -1"):
        Resampling(**wrong)
