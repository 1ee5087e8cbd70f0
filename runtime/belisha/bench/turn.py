"""One frame through a detector, each stage on the clock."""

from __future__ import annotations

from belisha.boxes import Boxes
from belisha.detector import Detector
from belisha.frames import Image
from belisha.timing import StageClock, TurnClock

NETWORK = "infer"
"""The stage that is the network alone."""
TOTAL = "total"


def detect_on_clock(
    detector: Detector, image_bgr: Image, clock: TurnClock, threshold: float | None = None
) -> Boxes:
    """The detector's three stages, a lap each, within a turn that the caller starts and ends.

    Args:
        detector: finds people.
        image_bgr: (H, W, 3) uint8.
        clock: in a turn.
        threshold: least score to report; the detector's own if absent.

    Raises:
        FrameError: the frame is not a uint8 BGR picture.
        EngineError: the engine failed.
    """
    network_input, transform = detector.prepare(image_bgr)
    clock.lap("prepare")
    outputs = detector.infer(network_input)
    clock.lap(NETWORK)
    boxes = detector.decode(outputs, transform, threshold)
    clock.lap("decode")
    return boxes


class Turn:
    """What is measured: one frame to boxes, with nothing before or behind it."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def __call__(self, image_bgr: Image, clock: StageClock) -> None:
        """One whole turn."""
        clock.start()
        detect_on_clock(self._detector, image_bgr, clock)
        clock.finish()
