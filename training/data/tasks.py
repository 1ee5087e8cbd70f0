"""Which images people are asked to annotate, by what is missing, what is unsure, or at random."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from belisha.boxes import Boxes, as_xyxy, iou
from belisha.errors import UsageError
from training.data.bands import height_band, people
from training.data.groups import sequence_of
from training.data.records import Record
from training.data.strata import SPREAD

By = Literal["holes", "disagreement", "random"]
UNSURE = (0.1, 0.5)
"""A detection with a score between these is a question."""


def choose(
    records: Sequence[Record],
    count: int,
    by: By,
    *,
    detections: Mapping[str, Boxes] | None = None,
    seed: int = 0,
) -> tuple[Record, ...]:
    """Choose images, spread over sequences: a drive gives its second image after all gave one.

    Args:
        records: candidates.
        count: at most so many.
        by: `holes`: what is rare comes first; `disagreement`: where a detector is unsure or differs
            from what is annotated; `random`.
        detections: sha256 -> boxes, for `disagreement`.
        seed: equal seeds, equal choices.

    Raises:
        UsageError: nothing is asked for, or disagreement without detections.
    """
    if count < 1:
        raise UsageError(f"expected at least 1 image to annotate, got {count}")
    if by == "disagreement" and detections is None:
        raise UsageError("expected a detector to disagree with: say --bundle")
    order = sorted(records, key=lambda record: _draw(seed, record.sha256))
    if by == "holes":
        counts = _rarities(records)
        order.sort(key=lambda record: -_rarity(record, counts))
    elif detections is not None and by == "disagreement":
        order.sort(key=lambda record: -disagreement(record, detections[record.sha256]))
    taken: Counter[str] = Counter()
    ranks = []
    for record in order:
        ranks.append(taken[sequence_of(record)])
        taken[sequence_of(record)] += 1
    places = sorted(range(len(order)), key=lambda place: (ranks[place], place))
    return tuple(order[place] for place in places[:count])


def _kinds(record: Record) -> set[str]:
    """What an image has: conditions, heights, and heights in conditions."""
    conditions = [f"{key}={record.conditions.get(key, '?')}" for key in SPREAD]
    bands = {height_band(annotation) for annotation in people(record)}
    return {*conditions, *bands, *(f"{one}, {band}" for one in conditions for band in bands)}


def _rarities(records: Sequence[Record]) -> Counter[str]:
    return Counter(kind for record in records for kind in _kinds(record))


def _rarity(record: Record, counts: Mapping[str, int]) -> float:
    """Of the rarest thing in an image."""
    return max(1 / counts[kind] for kind in _kinds(record))


def disagreement(record: Record, found: Boxes) -> float:
    """How much there is to ask about an image: unsure detections, and sure ones that differ."""
    known = as_xyxy([item.xyxy for item in record.annotations])
    unsure = ((found.scores >= UNSURE[0]) & (found.scores < UNSURE[1])).sum()
    sure = found[found.scores >= UNSURE[1]]
    overlap = iou(sure.xyxy, known)
    alone = (overlap.max(axis=1, initial=0) < UNSURE[1]).sum()
    persons = [item.kind == "person" for item in record.annotations]
    missed = (overlap.max(axis=0, initial=0) < UNSURE[1])[persons].sum()
    return float(unsure) + 2.0 * float(alone + missed)


def _draw(seed: int, sha256: str) -> str:
    return hashlib.sha256(f"task {seed} {sha256}".encode()).hexdigest()
