"""How sure a figure is: intervals by the bootstrap (Efron 1979) over images or over sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.errors import UsageError
from training.data.coco import Sample
from training.evaluation.ranking import Weights

LEVEL = 0.95
"""Of the intervals."""


@dataclass(frozen=True)
class Resampling:
    """What is drawn, and how often.

    Attributes:
        count: resamples; 0 for no intervals.
        seed: equal seeds draw the same images, so two models can be compared pairwise.
        group: attribute of the images whose values are drawn as a whole, such as `sequence`;
            single images if absent. Images of one drive are alike: drawn one by one, they make
            the interval too narrow for a statement about other drives.
    """

    count: int = 1000
    seed: int = 0
    group: str | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise UsageError(f"expected at least 0 resamples, got {self.count}")
        if self.seed < 0:
            raise UsageError(f"expected a seed of at least 0, got {self.seed}")


def units(samples: Sequence[Sample], group: str | None) -> NDArray[np.intp]:
    """(N,) number of the unit, image or group, that each image is drawn with.

    Raises:
        UsageError: an image lacks the attribute `group`.
    """
    if group is None:
        return np.arange(len(samples))
    for sample in samples:
        if group not in sample.attributes:
            raise UsageError(
                f"expected an attribute {group!r} in every image to draw by, but {sample.name} "
                f"has only {', '.join(sorted(sample.attributes))}"
            )
    _, index = np.unique([sample.attributes[group] for sample in samples], return_inverse=True)
    return index.astype(np.intp)


def draw(unit_of_image: NDArray[np.intp], resampling: Resampling, rows: int) -> Iterator[Weights]:
    """Resamples in portions of at most `rows`, so that memory is bounded.

    As many units as there are get drawn, with replacement. There is always a portion, if only one
    of no rows.

    Args:
        unit_of_image: (N,) from `units`.
        resampling: how many, from which seed.
        rows: largest portion; the draws do not depend on it.

    Yields:
        (R, N) weights, R <= rows.
    """
    count = int(unit_of_image.max(initial=-1)) + 1
    generator = np.random.default_rng(resampling.seed)
    for begin in range(0, max(resampling.count, 1), rows):
        size = min(rows, resampling.count - begin)
        drawn = generator.multinomial(count, np.full(count, 1 / count), size=size)
        yield drawn[:, unit_of_image]


def interval(values: NDArray[np.float64], level: float = LEVEL) -> tuple[float, float] | None:
    """The percentile interval of a figure over its resamples.

    Args:
        values: (R,); NaN where the figure does not exist in a resample.
        level: share of the resamples that lie within.

    Returns:
        Lower and upper end, or nothing where no resample has the figure.
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
