"""Metrics of tracking: MOTA, identity switches, IDF1 and HOTA, over one or several drives.

Don't-care people are taken out first, with the boxes that lie on them; then each frame's tracks are
matched with its people by overlap. What each figure means:

- **switches**: how often a person is found under another id than the last time.
- **MOTA**: 1 less misses, false boxes and switches, each as a share of all people.
- **IDF1**: F1 of boxes when each person may count under one id only, the best choice.
- **HOTA**: geometric mean of detection and association, averaged over overlaps of .05 to .95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import FloatArray, ioa, iou
from benchmarks.tracking.assignment import best_assignment

IntArray = NDArray[np.int64]

MIN_IOU = 0.5
"""Of MOTA, switches and IDF1."""
ALPHAS = np.arange(0.05, 0.99, 0.05)
"""Overlaps that HOTA is averaged over."""


@dataclass(frozen=True, eq=False)
class IdentityFrame:
    """People and tracks of one frame.

    Attributes:
        people: (N,) who is there.
        people_xyxy: (N, 4) their boxes.
        dont_care_xyxy: (D, 4) people who are not asked for.
        tracks: (M,) ids of those who were found.
        tracks_xyxy: (M, 4) their boxes.
    """

    people: IntArray
    people_xyxy: FloatArray
    dont_care_xyxy: FloatArray
    tracks: IntArray
    tracks_xyxy: FloatArray


@dataclass(frozen=True)
class IdentityScores:
    """What the metrics say; shares from 0 to 1, MOTA may be negative.

    Attributes:
        people: how many different people.
        boxes: how many boxes of people in all frames.
        missed, false_alarms, switches: counts.
        mota, idf1, hota, association: shares; `association` is HOTA's part about identities.
    """

    people: int
    boxes: int
    missed: int
    false_alarms: int
    switches: int
    mota: float
    idf1: float
    hota: float
    association: float


def identity_scores(drives: Sequence[Sequence[IdentityFrame]]) -> IdentityScores:
    """Score drives together; ids of different drives never meet."""
    frames = [[_asked_for(frame) for frame in drive] for drive in drives]
    clear = np.sum([_clear(drive) for drive in frames], axis=0)
    identity = np.sum([_identity(drive) for drive in frames], axis=0)
    boxes, found, false_alarms, switches = (int(count) for count in clear)
    hota, association = _hota(frames)
    return IdentityScores(
        people=sum(
            len({who for frame in drive for who in frame.people.tolist()}) for drive in frames
        ),
        boxes=boxes,
        missed=boxes - found,
        false_alarms=false_alarms,
        switches=switches,
        mota=1 - (boxes - found + false_alarms + switches) / max(boxes, 1),
        idf1=2 * float(identity[0]) / max(float(identity[1] + identity[2]), 1.0),
        hota=hota,
        association=association,
    )


def _asked_for(frame: IdentityFrame) -> IdentityFrame:
    """Without tracks that lie on don't-care people and on nobody else."""
    if not len(frame.tracks):
        return frame
    pairs = best_assignment(_overlaps(frame), MIN_IOU)
    matched = np.zeros(len(frame.tracks), bool)
    matched[[column for _, column in pairs]] = True
    excused = (ioa(frame.tracks_xyxy, frame.dont_care_xyxy) >= MIN_IOU).any(axis=1) & ~matched
    return IdentityFrame(
        frame.people,
        frame.people_xyxy,
        frame.dont_care_xyxy[:0],
        frame.tracks[~excused],
        frame.tracks_xyxy[~excused],
    )


def _overlaps(frame: IdentityFrame) -> NDArray[np.float64]:
    return iou(frame.people_xyxy, frame.tracks_xyxy).astype(np.float64)


def _clear(frames: Sequence[IdentityFrame]) -> NDArray[np.int64]:
    """Boxes of people, found, false alarms, switches; pairs of the last frame stay if they can."""
    last: dict[int, int] = {}
    previous: dict[int, int] = {}
    counts = np.zeros(4, np.int64)
    for frame in frames:
        overlaps = _overlaps(frame)
        likeness = np.where(overlaps >= MIN_IOU, overlaps, 0.0)
        kept = np.array(
            [
                [previous.get(int(who)) == int(track) for track in frame.tracks]
                for who in frame.people
            ],
            bool,
        ).reshape(overlaps.shape)
        likeness += 1000.0 * (kept & (overlaps >= MIN_IOU))
        pairs = best_assignment(likeness, 1e-9)
        previous = {int(frame.people[row]): int(frame.tracks[column]) for row, column in pairs}
        switches = sum(last.get(who, track) != track for who, track in previous.items())
        last.update(previous)
        counts += [len(frame.people), len(pairs), len(frame.tracks) - len(pairs), switches]
    return counts


def _identity(frames: Sequence[IdentityFrame]) -> NDArray[np.int64]:
    """Boxes that count under the best one-to-one choice of ids; boxes of people; of tracks."""
    people, tracks = _indices(frames)
    together = np.zeros((len(people), len(tracks)))
    for frame in frames:
        rows, columns = np.nonzero(_overlaps(frame) >= MIN_IOU)
        for row, column in zip(rows, columns, strict=True):
            together[people[int(frame.people[row])], tracks[int(frame.tracks[column])]] += 1
    pairs = best_assignment(together, 0.5)
    counted = sum(together[row, column] for row, column in pairs)
    return np.array(
        [counted, sum(len(one.people) for one in frames), sum(len(one.tracks) for one in frames)],
        np.int64,
    )


def _indices(frames: Sequence[IdentityFrame]) -> tuple[dict[int, int], dict[int, int]]:
    """Person -> row, track -> column."""
    people = sorted({int(who) for frame in frames for who in frame.people})
    tracks = sorted({int(one) for frame in frames for one in frame.tracks})
    return {who: row for row, who in enumerate(people)}, {one: c for c, one in enumerate(tracks)}


def _hota(drives: Sequence[Sequence[IdentityFrame]]) -> tuple[float, float]:
    """HOTA and its association part, averaged over `ALPHAS`."""
    parts = np.sum([_hota_counts(frames) for frames in drives], axis=0)
    found, missed, false_alarms, associated = parts
    detection = found / np.maximum(found + missed + false_alarms, 1)
    association = associated / np.maximum(found, 1)
    return float(np.sqrt(detection * association).mean()), float(association.mean())


def _hota_counts(frames: Sequence[IdentityFrame]) -> NDArray[np.float64]:
    """(4, alphas) found, missed, false alarms, and the sum of each found box's association."""
    people, tracks = _indices(frames)
    potential, person_count, track_count = _potential(frames, people, tracks)
    alignment = potential / np.maximum(person_count[:, None] + track_count - potential, 1e-9)
    together = np.zeros((len(ALPHAS), len(people), len(tracks)))
    counts = np.zeros((4, len(ALPHAS)))
    for frame in frames:
        overlaps = _overlaps(frame)
        rows = np.array([people[int(who)] for who in frame.people], np.intp)
        columns = np.array([tracks[int(one)] for one in frame.tracks], np.intp)
        pairs = best_assignment(alignment[np.ix_(rows, columns)] * overlaps, 1e-12)
        shared = np.array([overlaps[pair] for pair in pairs])
        for index, alpha in enumerate(ALPHAS):
            good = shared >= alpha - np.finfo(float).eps
            counts[0, index] += good.sum()
            counts[1, index] += len(rows) - good.sum()
            counts[2, index] += len(columns) - good.sum()
            for (row, column), counted in zip(pairs, good, strict=True):
                together[index, rows[row], columns[column]] += counted
    union = np.maximum(person_count[:, None] + track_count - together, 1)
    counts[3] = (together * together / union).sum(axis=(1, 2))
    return counts


def _potential(
    frames: Sequence[IdentityFrame], people: dict[int, int], tracks: dict[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How much each person and each track overlap in all, and how often each appears."""
    potential = np.zeros((len(people), len(tracks)))
    person_count, track_count = np.zeros(len(people)), np.zeros(len(tracks))
    for frame in frames:
        overlaps = _overlaps(frame)
        rows = np.array([people[int(who)] for who in frame.people], np.intp)
        columns = np.array([tracks[int(one)] for one in frame.tracks], np.intp)
        person_count[rows] += 1
        track_count[columns] += 1
        total = overlaps.sum(axis=0) + overlaps.sum(axis=1, keepdims=True) - overlaps
        share = np.divide(overlaps, total, out=np.zeros_like(overlaps), where=total > 1e-9)
        potential[np.ix_(rows, columns)] += share
    return potential, person_count, track_count
