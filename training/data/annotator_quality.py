"""How good each annotator is, and a consensus that listens more to the better ones.

After Dawid and Skene (1979): an annotator *finds* a person who is there with some probability and
*invents* one who is not with another; both, and how probably each candidate is a person, are
estimated in turns. Boxes are averaged with the inverse of each annotator's squared spread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import FloatArray, as_xyxy
from training.data.panel import Cluster, Consensus

Floats = NDArray[np.float64]

_ROUNDS = 100
_ENOUGH = 1e-6
_LEAST_SPREAD = 0.01
"""Nobody draws better than to a hundredth of a person's height."""
_TIE = 0.05
"""Distance from one half within which nobody can tell."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What is thought of an annotator.

    Attributes:
        annotator: who.
        images: that they looked at.
        finds: share of the people that they find.
        invents: share of the candidates that are nobody which they marked.
        spread: root mean square distance of their boxes' sides from the others', in heights of
            the person.
        shift: mean distance, (left, top, right, bottom), in heights: systematic error.
    """

    annotator: str
    images: int
    finds: float
    invents: float
    spread: float
    shift: tuple[float, float, float, float]


def weigh(
    agreed: Sequence[Consensus],
) -> tuple[tuple[Consensus, ...], tuple[Quality, ...]]:
    """Estimate the annotators' quality, and the consensus again in its light.

    Args:
        agreed: of each image, by votes.

    Returns:
        The consensus of each image, and the annotators in order of their names.
    """
    names = sorted({answer.annotator for one in agreed for answer in one.answers.answers})
    looked, voted = _votes(agreed, names)
    belief, finds, invents = _dawid_skene(looked, voted)
    spread, shift = _spreads(agreed, names, belief)
    images = [
        sum(name in {answer.annotator for answer in one.answers.answers} for one in agreed)
        for name in names
    ]
    qualities = tuple(
        Quality(
            annotator=name,
            images=images[index],
            finds=float(finds[index]),
            invents=float(invents[index]),
            spread=float(spread[index]),
            shift=tuple(shift[index].tolist()),
        )
        for index, name in enumerate(names)
    )
    return _weighed(agreed, belief, dict(zip(names, spread.tolist(), strict=True))), qualities


def _votes(agreed: Sequence[Consensus], names: Sequence[str]) -> tuple[Floats, Floats]:
    """(C, A) whether each annotator looked at, and voted for, each candidate of all images."""
    number = {name: index for index, name in enumerate(names)}
    looked, voted = [], []
    for one in agreed:
        present = [number[answer.annotator] for answer in one.answers.answers]
        for candidate in one.clusters:
            row, votes = np.zeros(len(names)), np.zeros(len(names))
            row[present] = 1
            votes[[present[index] for index in candidate.annotators]] = 1
            looked.append(row)
            voted.append(votes)
    shape = (-1, len(names))
    return np.reshape(looked, shape), np.reshape(voted, shape)


def _dawid_skene(looked: Floats, voted: Floats) -> tuple[Floats, Floats, Floats]:
    """(C,) belief in each candidate; (A,) finds and (A,) invents of each annotator."""
    belief = voted.sum(axis=1) / np.maximum(looked.sum(axis=1), 1)
    for _ in range(_ROUNDS):
        # One imagined success and failure each keep everything away from 0 and 1.
        finds = (belief @ voted + 2) / (belief @ looked + 3)
        invents = ((1 - belief) @ voted + 1) / ((1 - belief) @ looked + 3)
        rate = np.clip((belief.sum() + 1) / (len(belief) + 2), 0.01, 0.99)
        silent = looked - voted
        odds = np.log(rate / (1 - rate)) + voted @ np.log(finds / invents)
        odds += silent @ np.log((1 - finds) / (1 - invents))
        updated = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        change = np.abs(updated - belief).max(initial=0)
        belief = updated
        if change < _ENOUGH:
            break
    return belief, finds, invents


def _spreads(
    agreed: Sequence[Consensus], names: Sequence[str], belief: Floats
) -> tuple[Floats, Floats]:
    """(A,) spread and (A, 4) shift against the median of the others' boxes, in heights.

    The others' errors are in it as well, and are taken to be no better than one's own.
    """
    offsets: dict[str, list[Floats]] = defaultdict(list)
    candidates = ((candidate, one) for one in agreed for candidate in one.clusters)
    for (candidate, one), real in zip(candidates, belief, strict=True):
        if real < 0.5 or len(candidate.boxes) < 3:
            continue
        for index, annotator in enumerate(candidate.annotators):
            others = np.median(np.delete(candidate.boxes, index, axis=0), axis=0)
            tall = max(float(others[3] - others[1]), 1.0)
            name = one.answers.answers[annotator].annotator
            offsets[name].append((candidate.boxes[index] - others).astype(np.float64) / tall)
    spread, shift = np.full(len(names), np.nan), np.zeros((len(names), 4))
    for index, name in enumerate(names):
        if offsets[name]:
            own = np.stack(offsets[name])
            spread[index] = np.sqrt((own**2).mean())
            shift[index] = np.median(own, axis=0)
    typical = float(np.nanmedian(spread)) if np.isfinite(spread).any() else 0.1
    return np.maximum(np.where(np.isfinite(spread), spread, typical), _LEAST_SPREAD), shift


def _weighed(
    agreed: Sequence[Consensus], belief: Floats, spread: dict[str, float]
) -> tuple[Consensus, ...]:
    """Every image again, with belief instead of shares and weighted means instead of medians."""
    result = []
    begin = 0
    for one in agreed:
        own = belief[begin : begin + len(one.clusters)]
        begin += len(one.clusters)
        weights = np.array([spread[answer.annotator] ** -2 for answer in one.answers.answers])
        tied = np.abs(own - 0.5) < _TIE
        result.append(
            replace(
                one,
                xyxy=as_xyxy([_mean_box(candidate, weights) for candidate in one.clusters]),
                belief=own,
                accepted=(own >= 0.5) & ~tied,
                tied=tied,
            )
        )
    return tuple(result)


def _mean_box(candidate: Cluster, weights: Floats) -> FloatArray:
    mean: FloatArray = np.average(
        candidate.boxes, axis=0, weights=weights[candidate.annotators]
    ).astype(np.float32)
    return mean
