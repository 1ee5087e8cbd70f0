"""What the loop hands on: who decides about a frame, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass

from belisha.boxes import Boxes
from belisha.cameras import Frame
from belisha.detector import Detector


@dataclass(frozen=True, eq=False)
class Choice:
    """What decides about a frame.

    Attributes:
        detector: finds the people.
        name: of the detector, as the configuration calls it.
        rate_hz: frames a second at most; all that come if `None`.
        rule: name of the rule that chose; empty without rules.
        reason: why, for people.
    """

    detector: Detector
    name: str = ""
    rate_hz: float | None = None
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """A decision about a frame.

    Attributes:
        number: of the decision, from 0 since the start.
        frame: what was looked at.
        boxes: people that count, in pixels of the frame, best first.
        decided_s: when it was decided, on the clock of `time.perf_counter`.
        late: whether that was after the deadline.
        bundle: name of the bundle that decided.
        rule: name of the rule that chose it; empty without rules.
    """

    number: int
    frame: Frame
    boxes: Boxes
    decided_s: float
    late: bool
    bundle: str = ""
    rule: str = ""

    @property
    def age_ms(self) -> float:
        """From capture to decision."""
        return (self.decided_s - self.frame.captured_s) * 1e3
