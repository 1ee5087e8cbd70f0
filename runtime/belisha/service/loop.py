"""The loop: frame in, boxes out, told to every sink. A file and a live camera run the same one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from belisha.bench.turn import detect_on_clock
from belisha.cameras import Camera, Frame, NoFrame
from belisha.detector import Detector
from belisha.errors import EngineError, FrameError, SourceError
from belisha.service.following import Following
from belisha.service.ledger import Ledger
from belisha.service.mounting import Mounting
from belisha.service.results import Choice, Result, Seen
from belisha.service.sinks import Sink
from belisha.timing import Percentiles, TurnClock

MAX_FAILURES = 1000
"""Messages that are kept; the rest is only counted."""
_LONGEST_SLEEP_S = 0.1


class Chooser(Protocol):
    """Decides which detector looks at a frame."""

    def choose(self, frame: Frame) -> Choice:
        """Who decides about this frame; takes microseconds, and never loads anything."""
        ...

    def failed(self, choice: Choice, error: EngineError) -> None:
        """The engine of a choice failed on a frame; raise `error` if there is no way to go on."""
        ...


class OneDetector:
    """A chooser that has no choice."""

    def __init__(self, detector: Detector) -> None:
        self._choice = Choice(detector, detector.info.name)

    def choose(self, frame: Frame) -> Choice:
        """See `Chooser.choose`."""
        return self._choice

    def failed(self, choice: Choice, error: EngineError) -> None:
        """See `Chooser.failed`."""
        raise error


@dataclass(frozen=True, eq=False)
class Parts:
    """What a loop is made of; all of it can be exchanged between two frames.

    Attributes:
        camera: where frames come from; closed at the end.
        chooser: which detector looks at them; detectors stay open.
        sinks: where results go, in order; closed at the end.
        following: makes people of boxes.
        mounting: which rows of a frame are looked at; all of them without it.
        deadline_ms: from capture to decision. A frame that is older when the loop comes to it is
            not looked at; a decision that comes later is told, and counted as missed.
    """

    camera: Camera
    chooser: Chooser
    sinks: tuple[Sink, ...] = ()
    following: Following = field(default_factory=Following)
    mounting: Mounting | None = None
    deadline_ms: float | None = None


@dataclass(frozen=True)
class LoopReport:
    """What a loop did.

    Attributes:
        frames: processed.
        people: boxes reported.
        failures: a message for each frame or source that failed, of the first `MAX_FAILURES`.
        stale: frames that were too old to be looked at.
        missed: decisions after the deadline.
        interrupted: whether the user stopped it before the end.
        first_ms: time of the first frame, which pays for first allocations; `None` without one.
        stages_ms: milliseconds by stage of all later frames, rounded up to the next of the
            ledger's buckets; `total` is from capture to decision; `sinks`, if there are any, comes
            after it.
    """

    frames: int
    people: int
    failures: tuple[str, ...]
    stale: int
    missed: int
    interrupted: bool
    first_ms: float | None
    stages_ms: dict[str, Percentiles]


class Loop:
    """Reads a camera to its end, or until it is stopped.

    Attributes:
        parts: in use at the moment.
        ledger: counts and times so far.
        ending: where the time goes from `stop` on: the turn under way, then each part's end.
    """

    def __init__(
        self, parts: Parts, on_turn: Callable[[], None] = lambda: None, *, warm: bool = False
    ) -> None:
        """Set up; nothing is read yet.

        Args:
            parts: what it is made of.
            on_turn: called after each turn, a failed one and one without a frame included.
            warm: whether the detectors have run before, so that the first frame is like others.
        """
        self.parts, self.ledger = parts, Ledger()
        self.ending = TurnClock()
        self._on_turn, self._warm = on_turn, warm
        self._clock = TurnClock()
        self._failures: list[str] = []
        self._next: Parts | None = None
        self._stopped = False
        self._due_s = 0.0

    def stop(self) -> None:
        """End after the frame that is under way; may be called from a signal handler."""
        if not self._stopped:
            self.ending.start()
        self._stopped = True

    def exchange(self, parts: Parts) -> None:
        """Use other parts from the next frame on; may be called from any thread.

        What is not among the new parts is closed in the background, so that no frame waits for it.
        """
        self._next = parts

    def run(self) -> LoopReport:
        """Process every frame; Ctrl-C ends the loop early, with all results kept.

        Raises:
            EngineError: the engine failed.
            SourceError: a sink cannot write.
        """
        interrupted = False
        with ExitStack() as stack:
            stack.callback(self._close)
            try:
                while not self._stopped and self._turn():
                    self._on_turn()
            except KeyboardInterrupt:
                interrupted = True
        return self._report(interrupted)

    def _report(self, interrupted: bool) -> LoopReport:
        ledger = self.ledger
        return LoopReport(
            frames=ledger.processed,
            people=ledger.people,
            failures=tuple(self._failures),
            stale=ledger.stale,
            missed=ledger.missed,
            interrupted=interrupted,
            first_ms=ledger.first_ms,
            stages_ms=ledger.summary(),
        )

    def _turn(self) -> bool:
        """One frame, one failure, or a short wait; false at the end."""
        if self._next is not None:
            self._exchange(self._next)
        if self._pauses():
            return True
        try:
            frame = self.parts.camera.read()
            if frame is None:
                return False
            if not isinstance(frame, NoFrame):
                self._process(frame)
        except (FrameError, SourceError) as error:
            self._note_failure(error)
        return True

    def _process(self, frame: Frame) -> None:
        """Decide about a frame."""
        clock, parts = self._clock, self.parts
        clock.start(frame.captured_s)
        clock.lap("read")
        if self._is_late(clock.since_start_ms()):
            self.ledger.stale += 1
            return
        choice = parts.chooser.choose(frame)
        clock.lap("choose")
        try:
            seen = self._see(frame, choice)
        except EngineError as error:
            parts.chooser.failed(choice, error)
            self._note_failure(error)
            return
        self._decided(frame, choice, seen)
        self._plan(choice.rate_hz)

    def _see(self, frame: Frame, choice: Choice) -> Seen:
        """Find the people and judge who counts."""
        parts, image = self.parts, frame.image_bgr
        if parts.mounting is not None and image.ndim == 3:
            image = parts.mounting.cropped(image)
        threshold = parts.following.threshold(choice)
        boxes = detect_on_clock(choice.detector, image, self._clock, threshold)
        if parts.mounting is not None:
            boxes = parts.mounting.uncropped(boxes, frame.image_bgr.shape[0])
        return parts.following.see(frame, choice, boxes, self._clock)

    def _decided(self, frame: Frame, choice: Choice, seen: Seen) -> None:
        """Count the decision and tell it to every sink; the decision does not wait for them."""
        ledger, decided_s = self.ledger, time.perf_counter()
        latency_ms = (decided_s - frame.captured_s) * 1e3
        late = self._is_late(latency_ms)
        result = Result(
            number=ledger.processed,
            frame=frame,
            seen=seen,
            decided_s=decided_s,
            late=late,
            bundle=choice.name,
            digest=choice.detector.bundle.digest,
            rule=choice.rule,
        )
        apart = not self._warm and ledger.processed == 0
        ledger.add_turn(self._clock.turn_ms, latency_ms, apart=apart)
        for sink in self.parts.sinks:
            sink.write(result)
        if self.parts.sinks and not apart:
            ledger.add_stage("sinks", (time.perf_counter() - decided_s) * 1e3)
        ledger.processed += 1
        ledger.missed += late
        ledger.people += len(seen.boxes)
        ledger.with_people += len(seen.boxes) > 0

    def _is_late(self, age_ms: float) -> bool:
        deadline_ms = self.parts.deadline_ms
        return deadline_ms is not None and age_ms > deadline_ms

    def _note_failure(self, error: Exception) -> None:
        self.ledger.failed += 1
        if len(self._failures) < MAX_FAILURES:
            self._failures.append(str(error))

    def _plan(self, rate_hz: float | None) -> None:
        """When the next frame is wanted."""
        now = time.perf_counter()
        self._due_s = 0.0 if rate_hz is None else max(self._due_s + 1 / rate_hz, now)

    def _pauses(self) -> bool:
        """Whether no frame is wanted yet; a little time passes, the camera drops the old ones."""
        left_s = self._due_s - time.perf_counter()
        if left_s <= 0:
            return False
        time.sleep(min(left_s, _LONGEST_SLEEP_S))
        return True

    def _exchange(self, parts: Parts) -> None:
        old, self.parts, self._next = self.parts, parts, None
        closing = [sink for sink in old.sinks if sink not in parts.sinks]
        cameras = [old.camera] if old.camera is not parts.camera else []
        threading.Thread(
            target=close_all, args=([*cameras, *closing],), name="closing", daemon=True
        ).start()

    def _close(self) -> None:
        self.stop()
        self.ending.lap("turn")
        parts: dict[Closable, None] = {}
        for one in (self.parts, self._next or self.parts):
            parts.update(dict.fromkeys((one.camera, *one.sinks)))
        # The camera first, so that whoever counts sees its last frame.
        close_all([_Timed(part, self.ending) for part in reversed(parts)])


class Closable(Protocol):
    """Holds something until it is closed."""

    def close(self) -> None:
        """Free it."""
        ...


@dataclass(frozen=True, eq=False)
class _Timed:
    """A part whose end is timed."""

    part: Closable
    clock: TurnClock

    def close(self) -> None:
        """Free it, in a lap of its own."""
        try:
            self.part.close()
        finally:
            self.clock.lap(type(self.part).__name__)


def close_all(parts: Iterable[Closable]) -> None:
    """Close each, the last first, whatever happens to the others."""
    with ExitStack() as stack:
        for part in parts:
            stack.callback(part.close)
