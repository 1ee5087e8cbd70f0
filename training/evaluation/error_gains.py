"""What mending one kind of error would give back, in AP50 (Bolya et al. 2020).

Mended false alarms are gone. Mended misses are people found at the threshold, with just its score;
a box that has such a person further down is that one, and is not counted twice. What several
causes would give back together is not the sum.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from belisha.boxes import Boxes
from belisha.matching import match
from training.data.coco import Sample
from training.evaluation.average_precision import average_precision
from training.evaluation.bootstrap import Resampling
from training.evaluation.error_causes import Error, Kind
from training.evaluation.measurement import Estimate
from training.evaluation.paired import Figure, paired_changes
from training.evaluation.ranking import Ranking

Cause = tuple[Kind, str]
"""Kind and cause of errors."""


def ap50_given_back(
    samples: Sequence[Sample],
    detections: Sequence[Boxes],
    errors: Sequence[Error],
    threshold: float,
    resampling: Resampling,
) -> dict[Cause, Estimate]:
    """Change of AP50, with a paired interval, for each cause that there is.

    Args:
        samples: N images with their truth.
        detections: by image, best first, from the least score on.
        errors: at the threshold.
        threshold: a score.
        resampling: for the intervals.
    """
    rows = _rows(samples, detections)
    causes = list(dict.fromkeys((error.kind, error.cause) for error in errors))
    mended = [
        rows.without([error for error in errors if (error.kind, error.cause) == cause], threshold)
        for cause in causes
    ]
    people = np.array([len(sample.people) for sample in samples], np.intp)
    first, *others = (one.ranking(people) for one in (rows, *mended))
    figures: dict[str, Figure] = {"ap50": average_precision}
    changes = paired_changes(first, others, samples, resampling, figures)
    return {cause: change["ap50"] for cause, change in zip(causes, changes, strict=True)}


class _Rows:
    """Detections that count, in any order.

    Args:
        table: (D, 5) float64: score, whether a hit, image, person, index among the detections; the
            person is -1 where there is none.
    """

    def __init__(self, table: np.ndarray) -> None:
        self._table = table

    def without(self, errors: Sequence[Error], threshold: float) -> _Rows:
        """The same with these errors mended."""
        people = {(error.image, error.index) for error in errors if error.kind == "miss"}
        alarms = {(error.image, error.index) for error in errors if error.kind != "miss"}
        _, hit, image, person, box = self._table.T
        gone = _among(image, box, alarms) | (_among(image, person, people) & (hit > 0))
        found = [(threshold, 1.0, *one, -1.0) for one in people]
        return _Rows(np.concatenate([self._table[~gone], np.array(found).reshape(-1, 5)]))

    def ranking(self, people: np.ndarray) -> Ranking:
        """Best first; of equal scores the earlier image comes first."""
        table = self._table[np.lexsort((self._table[:, 2], -self._table[:, 0]))]
        return Ranking(
            table[:, 0].astype(np.float32), table[:, 1] > 0, table[:, 2].astype(np.intp), people
        )


def _rows(samples: Sequence[Sample], detections: Sequence[Boxes]) -> _Rows:
    parts = []
    for image, (sample, boxes) in enumerate(zip(samples, detections, strict=True)):
        matches = match(boxes, sample.xyxy, dont_care=sample.dont_care)
        counted = np.flatnonzero(~matches.ignored)
        parts.append(
            np.stack(
                [
                    boxes.scores[counted].astype(np.float64),
                    matches.hits[counted],
                    np.full(len(counted), image),
                    matches.reference[counted],
                    counted,
                ],
                axis=1,
            )
        )
    return _Rows(np.concatenate(parts))


def _among(
    images: np.ndarray, indices: np.ndarray, pairs: Collection[tuple[int, int]]
) -> np.ndarray:
    """(D,) whether image and index are one of the pairs."""
    rows = zip(images.astype(int).tolist(), indices.astype(int).tolist(), strict=True)
    return np.array([row in pairs for row in rows], bool)
