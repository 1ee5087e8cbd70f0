"""Pictures that are nearly the same: re-encoded, resized, brightened, slightly cropped or moved.

A picture becomes thumbnails of 16x9 logarithms of grey, one of the whole and one of each corner, a
little smaller, so that a cropped copy finds its like. Two are compared twice, without the mean of
each *row* and without what is blurred; the smaller cosine counts. The usual single mean would leave
the bright sky above the dark road, which is the same in every street.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from belisha.boxes import FloatArray, IntArray
from belisha.errors import DatasetError
from belisha.frames import Image

COLUMNS, ROWS = 16, 9
CELLS = COLUMNS * ROWS
VIEWS = 5
THUMBNAIL = VIEWS * CELLS
"""Numbers that are kept of a picture: of the whole, then of its corners."""
SIMILAR = 0.90
"""Similarity from which two pictures count as nearly the same."""
MAX_PAIRS = 5_000_000
_LOG_OFFSET = 16.0
"""Added before the logarithm, so that the noise of a black picture stays small."""
_LEAST_PATTERN = 0.02
"""Root mean square below which a picture shows nothing (a covered lens, a black night)."""
_BLUR = 2.5
"""Sigma in cells; what it leaves is too coarse to tell one street from another."""
_CORNER = 0.035
"""Share of each side that a corner leaves out."""
_CANDIDATE = 0.65
"""Cosine of the whole pictures from which their corners are compared."""
_BLOCK = 2048


@dataclass(frozen=True)
class Pair:
    """Two pictures that are nearly the same.

    Attributes:
        first, second: their sha256, the smaller first.
        similarity: 1 is equal.
        mirrored: whether one has to be mirrored for that.
    """

    first: str
    second: str
    similarity: float
    mirrored: bool


def thumbnail(image_bgr: Image) -> FloatArray:
    """What is kept of a picture: (720,) float32 logarithms of grey, five views, row by row.

    Args:
        image_bgr: (H, W, 3) uint8.
    """
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    down, right = round(height * _CORNER), round(width * _CORNER)
    corners = [
        grey[top : height - (down - top), left : width - (right - left)]
        for top in (0, down)
        for left in (0, right)
    ]
    small = [
        cv2.resize(view, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) for view in (grey, *corners)
    ]
    return cast(FloatArray, np.log(np.stack(small).astype(np.float32) + _LOG_OFFSET).ravel())


def near_duplicates(
    keys: Sequence[str],
    thumbnails: FloatArray,
    groups: Sequence[str],
    *,
    least: float = SIMILAR,
    mirrored: bool = True,
    most: int = MAX_PAIRS,
) -> tuple[Pair, ...]:
    """All pairs across groups that are nearly the same, the most similar first.

    Frames that follow one another are nearly the same and stay together anyway, so pairs within a
    group are not asked for. Memory is bounded; time grows with the square of N (100,000 pictures:
    minutes).

    Args:
        keys: (N) sha256 of each picture.
        thumbnails: (N, 720) from `thumbnail`.
        groups: (N) name of the group that each picture belongs to.
        least: similarity.
        mirrored: whether mirrored copies count.
        most: pairs that are expected.

    Raises:
        DatasetError: there are more than `most`, so `least` does not tell pictures apart.
    """
    order = np.argsort(np.asarray(keys))  # so that the answer does not depend on the order given
    number = np.unique(np.asarray(groups)[order], return_inverse=True)[1]
    sorted_keys = [keys[index] for index in order]
    patterns = _Patterns.of(thumbnails[order])
    pairs: dict[tuple[int, int], Pair] = {}
    for mirror in (False, True) if mirrored else (False,):
        for row, column, similarity in _similar(patterns, number, least, mirror):
            for i, j, value in zip(row.tolist(), column.tolist(), similarity.tolist(), strict=True):
                if (i, j) not in pairs or value > pairs[i, j].similarity:
                    pairs[i, j] = Pair(sorted_keys[i], sorted_keys[j], value, mirror)
            if len(pairs) > most:
                raise DatasetError(
                    f"more than {most} pairs of pictures have a similarity of {least:g}: "
                    "expected pictures that differ; ask for a higher one"
                )
    return tuple(sorted(pairs.values(), key=lambda pair: (-pair.similarity, pair.first)))


@dataclass(frozen=True, eq=False)
class _Patterns:
    """What stands beside what: (N, 5, 144) each, of unit length, or zero where there is nothing."""

    rows: FloatArray
    local: FloatArray

    @staticmethod
    def of(thumbnails: FloatArray) -> _Patterns:
        """The patterns of (N, 720) thumbnails."""
        grids = thumbnails.reshape(-1, ROWS, COLUMNS)
        blurred = [cv2.GaussianBlur(g, (0, 0), _BLUR, borderType=cv2.BORDER_REFLECT) for g in grids]
        local = grids - np.reshape(blurred, grids.shape)
        return _Patterns(_unit(grids - grids.mean(axis=2, keepdims=True)), _unit(local))

    @property
    def mirrored(self) -> _Patterns:
        """The patterns of the mirrored pictures."""
        return _Patterns(_mirror(self.rows), _mirror(self.local))


def _unit(grids: FloatArray) -> FloatArray:
    """(5 N, 9, 16) -> (N, 5, 144), the last axis of unit length."""
    flat = grids.reshape(-1, VIEWS, CELLS)
    length = np.linalg.norm(flat, axis=2, keepdims=True)
    shows = length >= _LEAST_PATTERN * np.sqrt(CELLS)
    return cast(FloatArray, np.where(shows, flat / np.maximum(length, 1e-9), 0).astype(np.float32))


def _mirror(patterns: FloatArray) -> FloatArray:
    """Left and right exchanged; a corner becomes the one beside it, which makes no difference."""
    grids = patterns.reshape(-1, VIEWS, ROWS, COLUMNS)[..., ::-1]
    return np.ascontiguousarray(grids).reshape(-1, VIEWS, CELLS)


def _similar(
    patterns: _Patterns, groups: IntArray, least: float, mirror: bool
) -> Iterator[tuple[IntArray, IntArray, NDArray[np.float64]]]:
    """Indices (smaller first) and similarities, a block of the matrix at a time."""
    other = patterns.mirrored if mirror else patterns
    whole = [np.ascontiguousarray(one.rows[:, 0]) for one in (patterns, other)]
    begins = range(0, len(groups), _BLOCK)
    for top in tqdm(begins, desc="near duplicates", leave=False, disable=None):
        for left in range(top, len(groups), _BLOCK):
            cosine = whole[0][top : top + _BLOCK] @ whole[1][left : left + _BLOCK].T
            row, column = np.nonzero(cosine >= min(_CANDIDATE, least))
            row, column = row + top, column + left
            wanted = (row < column) & (groups[row] != groups[column])
            row, column = row[wanted], column[wanted]
            similarity = _best_view(patterns, other, row, column)
            kept = similarity >= least
            yield row[kept], column[kept], similarity[kept]


def _best_view(
    patterns: _Patterns, other: _Patterns, row: IntArray, column: IntArray
) -> NDArray[np.float64]:
    """Similarity of each pair: the whole of one with the whole or a corner of the other."""
    best = np.full(len(row), -1.0)
    corners = range(1, VIEWS)
    for one, two in ((0, 0), *((0, view) for view in corners), *((view, 0) for view in corners)):
        cosines = (
            np.einsum("nk,nk->n", mine[row, one], theirs[column, two])
            for mine, theirs in ((patterns.rows, other.rows), (patterns.local, other.local))
        )
        np.maximum(best, np.minimum(*cosines), out=best)
    return best.round(6)
