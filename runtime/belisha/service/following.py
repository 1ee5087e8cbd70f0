"""From boxes to people: who is who, who counts, and how far away they are."""

from __future__ import annotations

import numpy as np

from belisha.boxes import Boxes, FloatArray
from belisha.cameras import Frame
from belisha.service.distance import distances
from belisha.service.mounting import Mounting
from belisha.service.results import Choice, Seen
from belisha.service.tracks import Tracker, TrackerSettings, Tracks
from belisha.timing import TurnClock


class Following:
    """Follows the people of one camera through its frames.

    Args:
        tracker: tells who is who; without one, each frame stands alone.
        mounting: how the camera sits; without it, no distance is told.
    """

    def __init__(self, tracker: Tracker | None = None, mounting: Mounting | None = None) -> None:
        self._tracker, self._mounting = tracker, mounting
        self._best: dict[int, float] = {}

    def is_as(self, settings: TrackerSettings | None, mounting: Mounting | None) -> bool:
        """Whether these settings would make the same."""
        own = self._tracker.settings if self._tracker else None
        return own == settings and self._mounting == mounting

    def threshold(self, choice: Choice) -> float:
        """Least score that a detector has to report."""
        if self._tracker is None:
            return choice.floor
        _, low = self._tracker.settings.scores(choice.floor)
        return min(choice.floor, low)

    def see(self, frame: Frame, choice: Choice, boxes: Boxes, clock: TurnClock) -> Seen:
        """The people that count; laps of the clock are `track` and `rules`.

        Args:
            frame: that was looked at.
            choice: tells who counts.
            boxes: from `threshold` on, in pixels of the frame.
            clock: in a turn.
        """
        height, width = frame.image_bgr.shape[:2]
        tracks: Tracks | None = None
        if self._tracker is None:
            boxes = boxes[choice.counts(boxes.xyxy, boxes.scores, width, height)]
            xyxy = boxes.xyxy
        else:
            now_ns = round(frame.captured_s * 1e9)
            everybody = self._tracker.update(boxes, now_ns, frame.image_bgr, choice.floor)
            clock.lap("track")
            known = everybody[everybody.confirmed]
            tracks = known[choice.counts(known.xyxy, self._best_scores(known), width, height)]
            boxes, xyxy = tracks.boxes, tracks.xyxy
        mounting = self._mounting
        far = distances(xyxy, mounting, width, height) if mounting is not None else None
        clock.lap("rules")
        return Seen(boxes, tracks, far)

    def _best_scores(self, tracks: Tracks) -> FloatArray:
        """(N,) the best score of each so far: a person once sure still counts when half hidden."""
        pairs = zip(tracks.ids.tolist(), tracks.scores.tolist(), strict=True)
        self._best = {one: max(score, self._best.get(one, 0.0)) for one, score in pairs}
        return np.array(list(self._best.values()), np.float32)
