"""Why a person was missed and a box is wrong: each error at the threshold gets exactly one cause.

The causes are asked for in the order in which they stand in `MISSES` and `ALARMS`; the first that
applies is the error's. After TIDE (Bolya et al. 2020), with what matters in a car in place of
classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from belisha.boxes import BoolArray, Boxes, FloatArray, ioa, iou
from belisha.matching import UNMATCHED, Matches, match
from training.data.coco import Sample
from training.evaluation.looks import Look
from training.evaluation.ranking import heights

SMALL = 20.0
"""Height in pixels below which a person is small."""
HIDDEN = 0.35
"""Share of a person from which on it is occluded."""
BORDER = 2.0
"""Pixels from the image's border within which a box is cut by it."""
DARK, PALE = 40.0, 12.0
"""Brightness and contrast of `light_of_people` below which a person is hard to see."""
FAIR = 0.3
"""Overlap from which a box means a person, though .5 would be asked for."""
EDGE = 0.1
"""Share of a box inside a don't-care region from which on it has to do with it."""
MOSTLY = 0.5
"""Share of a box inside a person, or of a person inside a box."""

MISSES = {
    "too small": f"less than {SMALL:g} px high",
    "occluded": f"at least {HIDDEN:.0%} hidden, where the data say",
    "at the border": "cut by the image's border",
    "dark or pale": f"mean grey below {DARK:g}, or contrast to the surroundings below {PALE:g}",
    "suppressed": "a box before suppression had this person: another one close by won",
    "not trusted": "a box has this person, scored below the threshold",
    "badly placed": f"a false alarm overlaps by {FAIR:g} to .5",
    "not seen": "nothing of the above",
}
ALARMS = {
    "double": "overlaps a person, whom a better box has, by .5",
    "badly placed": f"overlaps a person by {FAIR:g} to .5",
    "edge of don't care": f"{EDGE:.0%} or more in a region such as a rider or a group",
    "part of a person": "half inside a person, or around one",
    "drawn by nobody": "the second detector sees a person there too",
    "background": "nothing of the above",
}
WAYS = ("suppressed", "not trusted", "badly placed", "not seen")
"""How a person was missed, whatever the cause."""

Kind = Literal["miss", "false alarm"]


@dataclass(frozen=True, eq=False)
class Error:
    """A person missed, or a box that is wrong.

    Attributes:
        kind: which.
        cause: of `MISSES` or `ALARMS`.
        way: of `WAYS` for a miss, empty for a false alarm.
        image: index of the image.
        index: of the person among the image's boxes, or of the box among the detections.
        xyxy: (4,) of the person or of the box, in pixels of the image.
        score: of the box; of a miss, that of the best box which overlaps by `FAIR`, or 0.
    """

    kind: Kind
    cause: str
    way: str
    image: int
    index: int
    xyxy: FloatArray
    score: float

    @property
    def height(self) -> float:
        """In pixels of the image."""
        return float(self.xyxy[3] - self.xyxy[1])


def find_errors(
    samples: Sequence[Sample], looks: Sequence[Look], threshold: float
) -> tuple[Error, ...]:
    """Every miss and every false alarm at the threshold, with its cause, image by image."""
    return tuple(
        error
        for index, (sample, look) in enumerate(zip(samples, looks, strict=True))
        for error in _of_image(index, sample, look, threshold)
    )


def _of_image(image: int, sample: Sample, look: Look, threshold: float) -> Iterator[Error]:
    """The match is that of the whole list: who is matched at the threshold is matched there alike,
    for better boxes choose first.
    """
    matches = match(look.detections, sample.xyxy, dont_care=sample.dont_care)
    called = look.detections.scores >= threshold
    scene = _Scene(sample, look, matches, called)
    for person in np.flatnonzero(scene.missed).tolist():
        way = scene.way(person)
        cause = scene.obstacle(person) or way
        score = scene.best_score(person)
        yield Error("miss", cause, way, image, person, sample.xyxy[person], score)
    for box in np.flatnonzero(called & matches.false_alarms).tolist():
        xyxy, score = look.detections.xyxy[box], float(look.detections.scores[box])
        yield Error("false alarm", scene.why_false(xyxy), "", image, box, xyxy, score)


class _Scene:
    """One image, asked about its errors."""

    def __init__(self, sample: Sample, look: Look, matches: Matches, called: BoolArray) -> None:
        self._sample, self._look = sample, look
        xyxy = sample.xyxy
        self._overlaps = iou(look.detections.xyxy, xyxy)
        self._early = _nearest(look.candidates, xyxy)
        self._alarm = called & matches.false_alarms
        taken = matches.reference
        found = np.zeros(len(xyxy), bool)
        found[taken[called & (taken != UNMATCHED)]] = True
        self._below = matches.found & ~found
        self.missed = ~(found | sample.dont_care)

    def obstacle(self, person: int) -> str:
        """What makes this person hard to find, or nothing."""
        sample, look = self._sample, self._look
        left, top, right, bottom = sample.xyxy[person].tolist()
        margin = min(left, top, sample.width - right, sample.height - bottom)
        hidden = np.nan if sample.hidden is None else sample.hidden[person]
        if heights(sample.xyxy[person : person + 1])[0] < SMALL:
            return "too small"
        if hidden >= HIDDEN:
            return "occluded"
        if margin < BORDER:
            return "at the border"
        if look.brightness[person] < DARK or look.contrast[person] < PALE:
            return "dark or pale"
        return ""

    def way(self, person: int) -> str:
        """How this person was missed."""
        if self._early[person]:
            return "suppressed"
        if self._below[person]:
            return "not trusted"
        placed = self._alarm & (self._overlaps[:, person] >= FAIR)
        return "badly placed" if placed.any() else "not seen"

    def best_score(self, person: int) -> float:
        """Of the boxes that mean this person."""
        near = self._overlaps[:, person] >= FAIR
        return float(self._look.detections.scores[near].max(initial=0))

    def why_false(self, xyxy: FloatArray) -> str:
        """The cause of a false alarm."""
        box = xyxy[None]
        people, regions = self._sample.people, self._sample.xyxy[self._sample.dont_care]
        overlap = iou(box, people).max(initial=0)
        if overlap >= 0.5:
            return "double"
        if overlap >= FAIR:
            return "badly placed"
        if ioa(box, regions).max(initial=0) >= EDGE:
            return "edge of don't care"
        if max(ioa(box, people).max(initial=0), ioa(people, box).max(initial=0)) >= MOSTLY:
            return "part of a person"
        second = self._look.second
        if second is not None and iou(box, second.xyxy).max(initial=0) >= FAIR:
            return "drawn by nobody"
        return "background"


def _nearest(candidates: Boxes, xyxy: FloatArray) -> BoolArray:
    """(M,) whether a candidate overlaps a person by .5 and nobody more."""
    had = np.zeros(len(xyxy), bool)
    if len(candidates) and len(xyxy):
        overlaps = iou(candidates.xyxy, xyxy)
        best = overlaps.argmax(axis=1)
        had[best[overlaps.max(axis=1) >= 0.5]] = True
    return had
