"""What the loop hands on: who decides about a frame, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass

from belisha.boxes import BoolArray, Boxes, FloatArray
from belisha.cameras import Frame
from belisha.detector import Detector
from belisha.service.distance import Distances
from belisha.service.rules.rulebook import Decision
from belisha.service.tracks import Tracks


@dataclass(frozen=True, eq=False)
class Choice:
    """What decides about a frame.

    Attributes:
        detector: finds the people.
        name: of the detector, as the configuration calls it.
        rate_hz: frames a second at most; all that come if `None`.
        decision: of the rules; without rules everybody counts whom the detector reports.
        reason: why this one, for people.
        pinned: whether a person chose it by hand.
    """

    detector: Detector
    name: str = ""
    rate_hz: float | None = None
    decision: Decision | None = None
    reason: str = ""
    pinned: bool = False

    @property
    def rule(self) -> str:
        """Name of the rule that applies; empty without rules."""
        return self.decision.rule if self.decision else ""

    @property
    def threshold(self) -> float:
        """Least score of a person, where no zone has its own."""
        least = self.decision.minimum_score if self.decision else None
        return self.detector.threshold if least is None else least

    @property
    def floor(self) -> float:
        """Least score that can count anywhere."""
        zones = self.decision.zones if self.decision else ()
        scores = [zone.minimum_score for zone in zones if zone.minimum_score is not None]
        return min([self.threshold, *scores])

    def counts(self, xyxy: FloatArray, scores: FloatArray, width: int, height: int) -> BoolArray:
        """(N,) which people count.

        Args:
            xyxy: (N, 4) in pixels of the frame.
            scores: (N,).
            width: of the frame.
            height: of the frame.
        """
        if self.decision is None:
            everybody: BoolArray = scores >= self.threshold
            return everybody
        return self.decision.counts(xyxy, scores, width, height, self.detector.threshold)


@dataclass(frozen=True, eq=False)
class Seen:
    """The people of a frame that count.

    Attributes:
        boxes: found in this frame, in its pixels, best first.
        tracks: who they are, in the same order; then those who are hidden at the moment. `None`
            without a tracker.
        distances: how far away they are, in the order of `tracks`, or of `boxes` without;
            `None` where it is not known how the camera is mounted.
    """

    boxes: Boxes
    tracks: Tracks | None = None
    distances: Distances | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """A decision about a frame.

    Attributes:
        number: of the decision, from 0 since the start.
        frame: what was looked at.
        seen: people that count.
        decided_s: when it was decided, on the clock of `time.perf_counter`.
        late: whether that was after the deadline.
        bundle: name of the bundle that decided.
        digest: identity of it.
        rule: name of the rule that chose it; empty without rules.
    """

    number: int
    frame: Frame
    seen: Seen
    decided_s: float
    late: bool
    bundle: str = ""
    digest: str = ""
    rule: str = ""

    @property
    def boxes(self) -> Boxes:
        """People found in this frame, in its pixels, best first."""
        return self.seen.boxes

    @property
    def age_ms(self) -> float:
        """From capture to decision."""
        return (self.decided_s - self.frame.captured_s) * 1e3
