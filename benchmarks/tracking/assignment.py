"""The best one-to-one assignment, by shortest augmenting paths (the Hungarian method)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def best_assignment(gain: Matrix, least: float) -> list[tuple[int, int]]:
    """(row, column) pairs of the greatest total gain; a pair below `least` is not made.

    Args:
        gain: (N, M), not negative.
        least: above zero; smaller gains count as nothing.
    """
    if not gain.size:
        return []
    useful = np.where(gain >= least, gain, 0.0)
    turned = useful.shape[0] > useful.shape[1]
    columns = _columns_of(-(useful.T if turned else useful))
    pairs = [(row, int(column)) for row, column in enumerate(columns)]
    ordered = sorted((column, row) if turned else (row, column) for row, column in pairs)
    return [pair for pair in ordered if useful[pair] > 0]


def _columns_of(cost: Matrix) -> NDArray[np.intp]:
    """(N,) the column of each row, for N <= M, at the least total cost."""
    rows, columns = cost.shape
    # Row 0 and column 0 of the potentials stand for 'none'.
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, np.intp)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        distance = np.full(columns + 1, np.inf)
        before = np.zeros(columns + 1, np.intp)
        done = np.zeros(columns + 1, bool)
        while owner[at]:
            done[at] = True
            current = owner[at]
            reduced = cost[current - 1] - row_price[current] - column_price[1:]
            shorter = ~done[1:] & (reduced < distance[1:])
            distance[1:][shorter] = reduced[shorter]
            before[1:][shorter] = at
            at = int(np.argmin(np.where(done, np.inf, distance)))
            step = distance[at]
            row_price[owner[done]] += step
            column_price[done] -= step
            distance[~done] -= step
        while at:
            owner[at], at = owner[before[at]], int(before[at])
    result = np.zeros(rows, np.intp)
    taken = owner[1:] > 0
    result[owner[1:][taken] - 1] = np.flatnonzero(taken)
    return result
