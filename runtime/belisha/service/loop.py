"""The loop: frame in, boxes out, told to every sink. A file and a live camera run the same one."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from belisha.bench.turn import detect_on_clock
from belisha.boxes import Boxes
from belisha.cameras import Camera, Frame
from belisha.detector import Detector
from belisha.errors import FrameError, SourceError
from belisha.service.sinks import Sink
from belisha.timing import Percentiles, StageClock, percentiles


@dataclass(frozen=True)
class LoopReport:
    """What a loop did.

    Attributes:
        frames: processed.
        people: boxes reported.
        failures: a message for each frame or source that failed.
        interrupted: whether the user stopped it before the end.
        first_ms: time of the first frame, which pays for first allocations; `None` without one.
        stages_ms: milliseconds by stage of all later frames; `total` is from the camera to the
            decision; `sinks`, if there are any, comes after it.
    """

    frames: int
    people: int
    failures: tuple[str, ...]
    interrupted: bool
    first_ms: float | None
    stages_ms: dict[str, Percentiles]


class Loop:
    """Reads a camera to its end."""

    def __init__(
        self,
        camera: Camera,
        detector: Detector,
        sinks: Sequence[Sink] = (),
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        """Set up; nothing is read yet.

        Args:
            camera: where frames come from; closed at the end.
            detector: what finds people; stays open.
            sinks: where results go, in order; closed at the end.
            on_turn: called after each frame, a failed one included, for progress.
        """
        self._camera, self._detector, self._sinks = camera, detector, sinks
        self._on_turn = on_turn
        self._clock = StageClock()
        self._frames = self._people = 0
        self._failures: list[str] = []
        self._sinks_ms = array("d")

    def run(self) -> LoopReport:
        """Process every frame; Ctrl-C ends the loop early, with all results kept.

        Raises:
            EngineError: the engine failed.
            SourceError: a sink cannot write.
        """
        interrupted = False
        with ExitStack() as stack:
            stack.callback(self._camera.close)
            for sink in self._sinks:
                stack.callback(sink.close)
            try:
                while self._turn():
                    self._on_turn()
            except KeyboardInterrupt:
                interrupted = True
        return LoopReport(
            frames=self._frames,
            people=self._people,
            failures=tuple(self._failures),
            interrupted=interrupted,
            first_ms=self._clock.first_ms,
            stages_ms=self._stages(),
        )

    def _stages(self) -> dict[str, Percentiles]:
        stages = self._clock.summary()
        return {**stages, "sinks": percentiles(self._sinks_ms)} if self._sinks else stages

    def _turn(self) -> bool:
        """One frame, or one failure; false at the end."""
        self._clock.start()
        try:
            frame = self._camera.read()
            if frame is None:
                return False
            self._clock.lap("read")
            boxes = detect_on_clock(self._detector, frame.image_bgr, self._clock)
        except (FrameError, SourceError) as error:
            self._failures.append(str(error))
            return True
        self._clock.finish()
        self._tell(frame, boxes)
        self._frames += 1
        self._people += len(boxes)
        return True

    def _tell(self, frame: Frame, boxes: Boxes) -> None:
        """Every sink; timed apart, as the decision does not wait for it."""
        begun = time.perf_counter()
        for sink in self._sinks:
            sink.write(frame, boxes)
        if self._frames:
            self._sinks_ms.append((time.perf_counter() - begun) * 1e3)
