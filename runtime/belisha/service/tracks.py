"""Tracks: who is who from frame to frame, through short occlusions and the car's own turning.

Each person is a box that moves at a constant rate. A frame's boxes are given to the people whom
they overlap most, in two rounds: sure boxes first, then unsure ones to people who were just seen;
half-hidden people score low, so this is what keeps them. People who find no box are remembered for
a moment. After ByteTrack (Zhang et al., 2022) in idea; alpha-beta filters instead of Kalman's,
greedy instead of optimal assignment, and enlarged boxes, which small and fast people need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, Boxes, FloatArray, cxcywh_to_xyxy, iou
from belisha.frames import Image
from belisha.service.ego_motion import EgoMotion

IntArray = NDArray[np.int64]
States = NDArray[np.float64]
Pairs = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Tracks:
    """The people of one frame, those who were found in it first, then by score.

    Attributes:
        ids: (N,) int64, from 1; an id is never given twice.
        xyxy: (N, 4) float32, pixels of the frame; of people who were not found, where they should
            be by now.
        scores: (N,) float32, of the last box.
        confirmed: (N,) whether enough boxes in a row speak for this person.
        missing_s: (N,) float32, seconds since the last box; 0 for people found in this frame.
        age_s: (N,) float32, seconds since the first box.
    """

    ids: IntArray
    xyxy: FloatArray
    scores: FloatArray
    confirmed: BoolArray
    missing_s: FloatArray
    age_s: FloatArray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: BoolArray | slice) -> Tracks:
        """The tracks that a mask or a slice selects."""
        return Tracks(
            self.ids[index],
            self.xyxy[index],
            self.scores[index],
            self.confirmed[index],
            self.missing_s[index],
            self.age_s[index],
        )

    @property
    def found(self) -> BoolArray:
        """(N,) whether a box of this frame is theirs."""
        here: BoolArray = self.missing_s == 0
        return here

    @property
    def boxes(self) -> Boxes:
        """The boxes of the people found in this frame."""
        here = self[self.found]
        return Boxes(here.xyxy, here.scores)


_MOST = 10.0
"""Seconds of patience, and widths of enlargement, beyond which it must be a mistake."""


UNSURE = 0.3
"""Share of the sure score that still continues a track."""
THRESHOLD = 0.4
"""The detector's, where nobody tells."""


@dataclass(frozen=True)
class TrackerSettings:
    """How a tracker decides.

    Attributes:
        high_score: boxes from here on are sure: they begin tracks; the detector's threshold if
            absent, because what a score says differs from bundle to bundle.
        low_score: boxes from here on continue tracks; `UNSURE` of the sure score if absent.
        confirm_hits: boxes that make a person confirmed.
        patience_s: how long a person who is not found is remembered.
        brief_s: unsure boxes go only to people found within this time.
        least_overlap: of an enlarged box with an enlarged expectation.
        least_overlap_low: of an unsure box.
        enlarge: each box grows by this share of its sides, each way.
        least_alpha: share of a surprise that moves a box, of people known for long.
        least_beta: share of a surprise that changes its rate.

    Raises:
        ValueError: a value is out of its range.
    """

    high_score: float | None = None
    low_score: float | None = None
    confirm_hits: int = 2
    patience_s: float = 1.5
    brief_s: float = 0.25
    least_overlap: float = 0.15
    least_overlap_low: float = 0.5
    enlarge: float = 0.2
    least_alpha: float = 0.55
    least_beta: float = 0.1

    def __post_init__(self) -> None:
        high, low = self.scores(THRESHOLD)
        if not 0 <= low <= high <= 1:
            raise ValueError(
                f"expected 0 <= low_score <= high_score <= 1, got {low:g} and {high:g}"
            )
        if self.confirm_hits < 1:
            raise ValueError(f"expected confirm_hits of at least 1, got {self.confirm_hits}")
        for name in ("least_overlap", "least_overlap_low", "least_alpha", "least_beta"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f"expected {name} above 0 and at most 1, got {getattr(self, name):g}"
                )
        for name in ("patience_s", "brief_s", "enlarge"):
            if not 0 <= getattr(self, name) <= _MOST:
                raise ValueError(f"expected {name} of 0 to {_MOST:g}, got {getattr(self, name):g}")

    def scores(self, threshold: float) -> tuple[float, float]:
        """What is sure, and what is not too unsure, where a detector has this threshold."""
        high = threshold if self.high_score is None else self.high_score
        return high, UNSURE * high if self.low_score is None else self.low_score


_LONGEST_GAP_S = 2.0
"""After a longer gap between frames nobody can be found again."""
_SAME = 0.7
"""A sure box that overlaps a person found in this frame by more is that person once more."""
_SIZE_DAMPING_S = 0.5
"""In this time the growth of a person who is not found falls to a third."""


class Tracker:
    """Follows the people of one camera.

    tracker = Tracker()
    tracks = tracker.update(detector(frame.image_bgr), frame_time_ns, frame.image_bgr)
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self.settings = settings or TrackerSettings()
        self._ego = EgoMotion()
        self._time_ns: int | None = None
        self._next_id = 1
        self._people = _People.none()

    def update(
        self,
        boxes: Boxes,
        time_ns: int,
        frame_bgr: Image | None = None,
        threshold: float = THRESHOLD,
    ) -> Tracks:
        """Take a frame's boxes; give everybody who is known.

        Args:
            boxes: best first, in pixels; let the detector report from the lower of
                `TrackerSettings.scores` on.
            time_ns: when the frame was captured, on any clock that runs evenly.
            frame_bgr: the frame, for the car's own motion; without it the car is taken to drive
                straight and smoothly.
            threshold: the detector's: of a score that counts.
        """
        shift = self._ego.shift(frame_bgr) if frame_bgr is not None else (0.0, 0.0)
        gap_s = 0.0 if self._time_ns is None else (time_ns - self._time_ns) / 1e9
        self._time_ns = time_ns
        if not 0 <= gap_s <= _LONGEST_GAP_S:
            self._people, gap_s = _People.none(), 0.0
        people = self._people.moved(gap_s, shift)
        high, low = self.settings.scores(threshold)
        sure = np.flatnonzero(boxes.scores >= high)
        unsure = np.flatnonzero((boxes.scores < high) & (boxes.scores >= low))
        pairs = self._assign(people, boxes, sure, unsure, gap_s)
        people.correct(pairs, boxes, self.settings)
        people.keep(self._alive(people))
        new = self._newcomers(people, boxes, sure, pairs)
        people.add(boxes[new], self._take(len(new)))
        self._people = people
        return people.tracks(self.settings.confirm_hits)

    def _assign(
        self, people: _People, boxes: Boxes, sure: IntArray, unsure: IntArray, gap_s: float
    ) -> Pairs:
        """(person, box) pairs of both rounds."""
        settings = self.settings
        just_seen = people.missing_s <= max(settings.brief_s, 1.5 * gap_s)
        everybody = np.arange(len(people))
        likeness = iou(
            _enlarged(people.expected, settings.enlarge), _enlarged(boxes.xyxy, settings.enlarge)
        )
        # Of two people who could own a box, the one seen last does.
        likeness -= 0.1 * people.missing_s[:, None]
        pairs = _greedy(likeness, everybody, sure, settings.least_overlap)
        taken = {person for person, _ in pairs}
        rest = np.array(
            [person for person in everybody if person not in taken and just_seen[person]], np.int64
        )
        overlap = iou(people.expected, boxes.xyxy)
        return pairs + _greedy(overlap, rest, unsure, settings.least_overlap_low)

    def _alive(self, people: _People) -> BoolArray:
        """(N,) who is remembered: those found, and confirmed people for a while."""
        known = people.hits >= self.settings.confirm_hits
        alive: BoolArray = (people.missing_s == 0) | (
            known & (people.missing_s <= self.settings.patience_s)
        )
        return alive

    def _newcomers(self, people: _People, boxes: Boxes, sure: IntArray, pairs: Pairs) -> IntArray:
        """Sure boxes of nobody known."""
        taken = {box for _, box in pairs}
        free = np.array([box for box in sure if box not in taken], np.int64)
        here = people.expected[people.missing_s == 0]
        twice = (iou(boxes.xyxy[free], here) > _SAME).any(axis=1)
        return free[~twice]

    def _take(self, count: int) -> IntArray:
        """The next `count` ids."""
        first, self._next_id = self._next_id, self._next_id + count
        return np.arange(first, first + count, dtype=np.int64)


_COLUMNS = ("states", "rates", "ids", "scores", "hits", "missing_s", "age_s", "_boxes")


class _People:
    """Everybody who is known, as parallel arrays; a state is centre x, y, width, height."""

    def __init__(self, boxes: Boxes, ids: IntArray) -> None:
        self.states = _states(boxes.xyxy)
        self.rates = np.zeros_like(self.states)
        self.ids, self.scores, self._boxes = ids, boxes.scores, boxes.xyxy
        self.hits = np.ones(len(ids), np.int64)
        self.missing_s = np.zeros(len(ids))
        self.age_s = np.zeros(len(ids))

    @staticmethod
    def none() -> _People:
        """Nobody."""
        return _People(Boxes.empty(), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def expected(self) -> FloatArray:
        """(N, 4) xyxy of their last boxes, or where they should be by now."""
        return self._boxes

    def moved(self, seconds: float, shift: tuple[float, float]) -> _People:
        """Everybody, that much later; nobody counts as found."""
        self.states += self.rates * seconds
        self.states[:, :2] += shift
        self.states[:, 2:] = np.maximum(self.states[:, 2:], 1.0)
        unseen = self.missing_s > 0
        self.rates[unseen, 2:] *= np.exp(-seconds / _SIZE_DAMPING_S)
        self.missing_s += max(seconds, 1e-9)
        self.age_s += seconds
        self._boxes = _corners(self.states)
        return self

    def correct(self, pairs: Pairs, boxes: Boxes, settings: TrackerSettings) -> None:
        """Let boxes correct where their owners are and how they move."""
        if not pairs:
            return
        people, chosen = np.array(pairs).T
        own = boxes[chosen]
        hits = self.hits[people] + 1
        # The gains of a straight line laid through all boxes so far, until they get too small.
        alpha = np.maximum(2 * (2 * hits - 1) / (hits * (hits + 1)), settings.least_alpha)
        beta = np.maximum(6 / (hits * (hits + 1)), settings.least_beta)
        surprise = _states(own.xyxy) - self.states[people]
        self.states[people] += alpha[:, None] * surprise
        self.rates[people] += (beta / np.maximum(self.missing_s[people], 1e-3))[:, None] * surprise
        self.hits[people] = hits
        self.scores[people] = own.scores
        self.missing_s[people] = 0
        self._boxes[people] = own.xyxy

    def keep(self, alive: BoolArray) -> None:
        """Forget all others."""
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name)[alive])

    def add(self, boxes: Boxes, ids: IntArray) -> None:
        """Take in newcomers."""
        new = _People(boxes, ids)
        for name in _COLUMNS:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(new, name)]))

    def tracks(self, confirm_hits: int) -> Tracks:
        """Everybody, as others see them."""
        order = np.lexsort((-self.scores, self.missing_s > 0))
        return Tracks(
            self.ids[order],
            self._boxes[order],
            self.scores[order],
            self.hits[order] >= confirm_hits,
            self.missing_s[order].astype(np.float32),
            self.age_s[order].astype(np.float32),
        )


def _states(xyxy: FloatArray) -> States:
    """(N, 4) left, top, right, bottom -> (N, 4) centre x, centre y, width, height."""
    low, high = xyxy[:, :2].astype(np.float64), xyxy[:, 2:].astype(np.float64)
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def _corners(states: States) -> FloatArray:
    """The other way round."""
    return cxcywh_to_xyxy(states.astype(np.float32))


def _enlarged(xyxy: FloatArray, share: float) -> FloatArray:
    """(N, 4) boxes grown by a share of their sides, each way."""
    margin = (xyxy[:, 2:] - xyxy[:, :2]) * share
    return np.concatenate([xyxy[:, :2] - margin, xyxy[:, 2:] + margin], axis=1)


def _greedy(likeness: FloatArray, people: IntArray, boxes: IntArray, least: float) -> Pairs:
    """One-to-one pairs of some people and some boxes, the likest first.

    Args:
        likeness: (N, M) of all people and all boxes.
        people: indices of those who look for a box.
        boxes: indices of those that are free.
        least: likeness that a pair needs.
    """
    part = likeness[np.ix_(people, boxes)]
    rows, columns = np.nonzero(part >= least)
    order = np.argsort(-part[rows, columns], kind="stable")
    pairs: Pairs = []
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((int(people[row]), int(boxes[column])))
    return pairs
