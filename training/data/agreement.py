"""How well annotators agree, and which boxes somebody has to decide on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import iou
from training.data.panel import Cluster, Consensus

DISAGREED = 0.6
"""Median overlap below which people agree that somebody is there, but not where."""
SURE = (0.1, 0.9)
"""A candidate whose belief lies between these is put before a person."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well the annotators of a set of images agree.

    Attributes:
        alpha: Krippendorff's, nominal, on 'this candidate is a person'; 1 is perfect, 0 is chance.
            Nothing where there are no two opinions on anything. Places that nobody marked are no
            candidates, so it is lower than for a task where 'nobody here' is an answer.
        overlaps: of every pair of boxes by two annotators that mean one person.
        candidates, unanimous: how many, and how many that all who looked have marked.
    """

    alpha: float | None
    overlaps: NDArray[np.float64]
    candidates: int
    unanimous: int


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A candidate that somebody has to decide on.

    Attributes:
        sha256, name: of the image.
        xyxy: the candidate, in pixels.
        votes, looked: annotators who marked it, and who looked.
        belief: that it is a person.
        reason: in words.
    """

    sha256: str
    name: str
    xyxy: tuple[float, float, float, float]
    votes: int
    looked: int
    belief: float
    reason: str


def agreement(agreed: Sequence[Consensus]) -> Agreement:
    """Measure agreement over all candidates of all images."""
    units = []
    overlaps: list[float] = []
    unanimous = 0
    for one in agreed:
        looked = len(one.answers.answers)
        for candidate in one.clusters:
            votes = len(candidate.boxes)
            units.append([1] * votes + [0] * (looked - votes))
            unanimous += votes == looked
            overlaps += pairwise_overlaps(candidate)
    return Agreement(krippendorff_alpha(units), np.array(overlaps), len(units), unanimous)


def pairwise_overlaps(candidate: Cluster) -> list[float]:
    """Intersection over union of every pair of boxes."""
    matrix = iou(candidate.boxes, candidate.boxes)
    return [float(matrix[i, j]) for i, j in combinations(range(len(matrix)), 2)]


def krippendorff_alpha(units: Iterable[Sequence[int]]) -> float | None:
    """Krippendorff's alpha for nominal values (Krippendorff 2011, canonical form).

    Args:
        units: for each thing judged, the values that it was given; those judged once are left out.

    Returns:
        Nothing where nothing was judged twice, or only one value was ever given.
    """
    judged = [list(unit) for unit in units if len(unit) > 1]
    values = sorted({value for unit in judged for value in unit})
    if len(values) < 2:
        return None
    coincidences = np.zeros((len(values), len(values)))
    for unit in judged:
        counts = np.array([unit.count(value) for value in values], np.float64)
        pairs = np.outer(counts, counts) - np.diag(counts)
        coincidences += pairs / (len(unit) - 1)
    totals = coincidences.sum(axis=1)
    total = totals.sum()
    observed = (total - np.trace(coincidences)) / total
    expected = (total**2 - (totals**2).sum()) / (total * (total - 1))
    return float(1 - observed / expected)


def disputes(agreed: Sequence[Consensus]) -> tuple[Dispute, ...]:
    """What to adjudicate: the least sure first, of equally sure ones the larger."""
    found = [
        Dispute(
            sha256=one.answers.record.sha256,
            name=one.answers.record.name,
            xyxy=tuple(round(float(side), 2) for side in one.xyxy[index]),  # type: ignore[arg-type]
            votes=len(candidate.boxes),
            looked=len(one.answers.answers),
            belief=float(one.belief[index]),
            reason=reason,
        )
        for one in agreed
        for index, candidate in enumerate(one.clusters)
        if (reason := _why(one, index, candidate))
    ]
    return tuple(
        sorted(
            found, key=lambda item: (round(abs(item.belief - 0.5), 3), -_height(item), item.name)
        )
    )


def _why(one: Consensus, index: int, candidate: Cluster) -> str:
    """Why a candidate needs a decision; empty if it needs none."""
    votes, looked = len(candidate.boxes), len(one.answers.answers)
    if SURE[0] < one.belief[index] < SURE[1] and votes < looked:
        return f"{votes} of {looked} see a person here"
    overlaps = pairwise_overlaps(candidate)
    if overlaps and float(np.median(overlaps)) < DISAGREED:
        return f"boxes overlap by {np.median(overlaps):.2f} only"
    return ""


def _height(item: Dispute) -> float:
    return item.xyxy[3] - item.xyxy[1]
