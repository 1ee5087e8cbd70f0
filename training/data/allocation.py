"""Groups of images dealt to splits so that every stratum comes out near its fractions.

First greedily, the groups that matter most to a scarce stratum first; then groups are moved and
swapped as long as that helps. A stratum of few groups cannot be cut at will: what even the best
cut of it alone would leave over is its *floor*, and only what exceeds the floor counts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import IntArray

Counts = NDArray[np.float64]

_POWER = 4
"""Of deviations in the cost: high enough that the worst rule, low enough that all count."""
_ROUNDS = 300
_PATIENCE = 12
"""Rounds without a gain after which the search ends."""
_KICKS = 8
_THROWN = 0.03
"""Share of the groups that a kick throws."""
_SAMPLE = 4096
"""Groups that are tried for a move in a round; all, where there are fewer."""
_SWAPS = 96
"""Groups on each side that are tried for a swap in a round."""
_LEAST_GAIN = 1e-12
_ENUMERATED = 9
"""Groups up to which every way to cut a stratum is tried for its floor."""
_SUBSETS = 400
"""Groups up to which the sums of all subsets are followed for the floor."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be dealt.

    Attributes:
        counts: (G, K) what each group adds to each of K strata, in an order that does not depend
            on the order of the images.
        fixed: (S, K) what the splits hold already.
        fractions: (S,) that each split shall have of every stratum.
    """

    counts: Counts
    fixed: Counts
    fractions: Counts

    @property
    def totals(self) -> Counts:
        """(K,) of each stratum; at least 1, to be divided by."""
        return cast(Counts, np.maximum(self.counts.sum(axis=0) + self.fixed.sum(axis=0), 1))


def allocate(problem: Problem, seed: int) -> IntArray:
    """The split of each group, (G,) indices into the fractions."""
    shares = problem.counts / problem.totals
    offset = problem.fixed / problem.totals - problem.fractions[:, None]
    floors = stratum_floors(problem)
    generator = np.random.default_rng(seed)
    best = _improve(shares, offset, floors, _greedy(shares, offset.copy(), floors), generator)
    for _ in range(_KICKS):
        kicked = _improve(shares, offset, floors, _kick(best, len(offset), generator), generator)
        if _total_cost(shares, offset, floors, kicked) < _total_cost(shares, offset, floors, best):
            best = kicked
    return best


def _kick(choice: IntArray, splits: int, generator: np.random.Generator) -> IntArray:
    """Some groups thrown anywhere, to get out of where no single change helps."""
    thrown = generator.random(len(choice)) < _THROWN
    return cast(IntArray, np.where(thrown, generator.integers(0, splits, len(choice)), choice))


def _deviation(shares: Counts, offset: Counts, choice: IntArray) -> Counts:
    """(S, K) distance of each share from its fraction."""
    sums = [shares[choice == split].sum(axis=0) for split in range(len(offset))]
    return cast(Counts, offset + np.stack(sums))


def _total_cost(shares: Counts, offset: Counts, floors: Counts, choice: IntArray) -> float:
    return float(_cost(_deviation(shares, offset, choice), floors).sum())


def stratum_floors(problem: Problem) -> Counts:
    """(K,) the least worst deviation that any cut of the stratum alone could reach, as a share.

    Exact for few groups; for more a lower bound, from each split's nearest sum of a subset; 0 for
    many, which can be cut as finely as one likes.
    """
    return np.array([_floor(problem, stratum) for stratum in range(problem.counts.shape[1])])


def _floor(problem: Problem, stratum: int) -> float:
    counts = problem.counts[:, stratum]
    counts = counts[counts > 0]
    wanted = problem.fractions * problem.totals[stratum] - problem.fixed[:, stratum]
    if len(counts) <= _ENUMERATED:
        least = _least_by_trying_all(counts, wanted)
    elif len(counts) <= _SUBSETS:
        least = _least_by_subsets(counts, wanted)
    else:
        least = 0.0
    return least / float(problem.totals[stratum])


def _least_by_trying_all(counts: Counts, wanted: Counts) -> float:
    splits = len(wanted)
    dealt = np.array(list(itertools.product(range(splits), repeat=len(counts))), np.intp)
    dealt = dealt.reshape(splits ** len(counts), len(counts))
    sums = np.stack([(dealt == split) @ counts for split in range(splits)], axis=1)
    return float(np.abs(sums - wanted).max(axis=1).min())


def _least_by_subsets(counts: Counts, wanted: Counts) -> float:
    reachable = 1  # bit n: some subset adds up to n
    for count in counts.astype(int).tolist():
        reachable |= reachable << count
    bits = np.frombuffer(
        reachable.to_bytes(reachable.bit_length() // 8 + 1, "little"), dtype=np.uint8
    )
    sums = np.flatnonzero(np.unpackbits(bits, bitorder="little"))
    return float(max(np.abs(sums - target).min() for target in wanted))


def _cost(deviation: Counts, floors: Counts) -> Counts:
    """Summed over the strata, the last axis."""
    return cast(Counts, (np.maximum(np.abs(deviation) - floors, 0) ** _POWER).sum(axis=-1))


def _greedy(shares: Counts, deviation: Counts, floors: Counts) -> IntArray:
    """Deal groups, those that hold the largest part of any stratum first.

    Until all is dealt every split is short of everything, so here a group goes where the shortage,
    weighted by what the group brings, is largest.
    """
    choice = np.zeros(len(shares), np.intp)
    wanted = -deviation.copy()
    for group in np.argsort(-shares.max(axis=1, initial=0), kind="stable"):
        before = _cost(np.minimum(deviation, 0), floors)
        after = _cost(deviation + shares[group], floors)
        relative = (-deviation * shares[group]).sum(axis=1) / wanted.sum(axis=1).clip(1e-9)
        best = int(np.lexsort((after - before, -relative.round(12)))[0])
        choice[group] = best
        deviation[best] += shares[group]
    return choice


def _improve(
    shares: Counts, offset: Counts, floors: Counts, choice: IntArray, generator: np.random.Generator
) -> IntArray:
    """Move and swap groups until nothing more is gained."""
    choice, idle = choice.copy(), 0
    for _ in range(_ROUNDS):
        deviation = _deviation(shares, offset, choice)
        gain, change = max(
            _best_move(shares, deviation, floors, choice, generator),
            _best_swap(shares, deviation, floors, choice, generator),
            key=lambda found: found[0],
        )
        if gain > _LEAST_GAIN:
            idle = 0
            for group, split in change:
                choice[group] = split
        else:
            idle += 1
            if idle == _PATIENCE:
                break
    return choice


Change = list[tuple[int, int]]
"""Groups with their new split."""


def _best_move(
    shares: Counts, deviation: Counts, floors: Counts, choice: IntArray, rng: np.random.Generator
) -> tuple[float, Change]:
    """The move of one group that gains most, among a sample of them."""
    best: tuple[float, Change] = (0.0, [])
    sample = _sample(np.arange(len(shares)), _SAMPLE, rng)
    costs = _cost(deviation, floors)
    for source, target in itertools.permutations(range(len(deviation)), 2):
        groups = sample[choice[sample] == source]
        if len(groups) == 0:
            continue
        left = _cost(deviation[source] - shares[groups], floors)
        joined = _cost(deviation[target] + shares[groups], floors)
        gains = costs[source] + costs[target] - left - joined
        index = int(gains.argmax())
        best = max(best, (float(gains[index]), [(int(groups[index]), target)]))
    return best


def _best_swap(
    shares: Counts, deviation: Counts, floors: Counts, choice: IntArray, rng: np.random.Generator
) -> tuple[float, Change]:
    """The exchange of two groups that gains most, among a sample of them."""
    best: tuple[float, Change] = (0.0, [])
    costs = _cost(deviation, floors)
    for one, two in itertools.combinations(range(len(deviation)), 2):
        first = _sample(np.flatnonzero(choice == one), _SWAPS, rng)
        second = _sample(np.flatnonzero(choice == two), _SWAPS, rng)
        if len(first) == 0 or len(second) == 0:
            continue
        change = shares[second][None] - shares[first][:, None]
        after = _cost(deviation[one] + change, floors) + _cost(deviation[two] - change, floors)
        gains = costs[one] + costs[two] - after
        row, column = np.unravel_index(int(gains.argmax()), gains.shape)
        found = [(int(first[row]), two), (int(second[column]), one)]
        best = max(best, (float(gains[row, column]), found))
    return best


def _sample(values: IntArray, most: int, generator: np.random.Generator) -> IntArray:
    """At most so many of the values, without repetition."""
    if len(values) <= most:
        return values
    return np.sort(generator.choice(values, most, replace=False))
