"""What spoils a picture keeps its size and type, and leaves the original alone."""

from __future__ import annotations

import numpy as np
import pytest

from training.spoil import STEPS, Step, spoil

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.mark.parametrize("step", [step for _, step in STEPS], ids=lambda step: step.__name__)
@pytest.mark.parametrize("shape", [(48, 64), (130, 97), (1, 1)])
def test_each_step_keeps_size_and_type(step: Step, shape: tuple[int, int]) -> None:
    picture = np.resize(PICTURE, (*shape, 3))
    before = picture.copy()
    for seed in range(5):
        spoilt = step(picture, np.random.default_rng(seed))
        assert spoilt.shape == picture.shape
        assert spoilt.dtype == np.uint8
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("step", [step for _, step in STEPS], ids=lambda step: step.__name__)
def test_each_step_changes_something(step: Step) -> None:
    assert not np.array_equal(step(PICTURE, np.random.default_rng(0)), PICTURE)


def test_no_strength_leaves_the_picture_clean() -> None:
    assert np.array_equal(spoil(PICTURE, np.random.default_rng(0), 0), PICTURE)


def test_equal_seeds_spoil_alike() -> None:
    first, second = (spoil(PICTURE, np.random.default_rng(4), 3) for _ in range(2))
    assert np.array_equal(first, second)
