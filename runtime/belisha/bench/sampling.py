"""Two ways to feed a detector: back to back, and at a camera's pace.

Back to back tells what the machine can do; at a camera's pace tells what a user gets, because a
processor that idles between two frames clocks down and loses its caches.
"""

from __future__ import annotations

import itertools
import math
import resource
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from belisha.errors import UsageError
from belisha.frames import Image
from belisha.timing import StageClock

MAX_FRAMES = 50_000
"""In one sample; bounds its file."""
WARM_UP_S = 1.0
WARM_UP_FRAMES = 10

TurnFunction = Callable[[Image, StageClock], None]
"""Takes one frame through a whole turn of the clock."""


@dataclass(frozen=True)
class WarmUp:
    """What came before the measurement and is no part of it.

    Attributes:
        first_ms: the first frame, which pays for first allocations.
        frames: how many, the first included.
    """

    first_ms: float
    frames: int


@dataclass(frozen=True)
class Load:
    """What the process and the machine did meanwhile.

    Attributes:
        seconds: by the clock on the wall.
        cpu_s: processor time of this process, all threads.
        preempted: times that the system took the processor away from it.
    """

    seconds: float
    cpu_s: float
    preempted: int


@dataclass(frozen=True, eq=False)
class ClosedSample:
    """Times of a closed loop, in milliseconds by stage, in order."""

    stages_ms: Mapping[str, Sequence[float]]
    load: Load


@dataclass(frozen=True, eq=False)
class PacedSample:
    """Times at a camera's pace.

    Attributes:
        stages_ms: by stage, in order.
        age_ms: from capture to decision, of each processed frame.
        captured: frames that the camera gave.
        dropped: of these, the ones that a newer frame replaced before they were looked at.
        missed: decisions that came after the deadline.
        load: what the machine did.
    """

    stages_ms: Mapping[str, Sequence[float]]
    age_ms: Sequence[float]
    captured: int
    dropped: int
    missed: int
    load: Load


class _LoadMeter:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._usage = resource.getrusage(resource.RUSAGE_SELF)

    def read(self) -> Load:
        """Since then."""
        now = resource.getrusage(resource.RUSAGE_SELF)
        cpu = now.ru_utime + now.ru_stime - self._usage.ru_utime - self._usage.ru_stime
        seconds = time.perf_counter() - self._begun
        return Load(round(seconds, 3), round(cpu, 3), now.ru_nivcsw - self._usage.ru_nivcsw)


def warm_up(turn: TurnFunction, frames: Sequence[Image], seconds: float = WARM_UP_S) -> WarmUp:
    """Run until caches, pools and clocks have settled."""
    clock = StageClock()
    end = time.perf_counter() + seconds
    for count, frame in enumerate(itertools.cycle(frames), 1):
        turn(frame, clock)
        if count >= WARM_UP_FRAMES and time.perf_counter() >= end:
            break
    return WarmUp(round(clock.first_ms or 0.0, 4), count)


def closed_loop(
    turn: TurnFunction,
    frames: Sequence[Image],
    seconds: float,
    on_turn: Callable[[], None] = lambda: None,
) -> ClosedSample:
    """Frames back to back.

    Args:
        turn: what is measured.
        frames: gone through again and again.
        seconds: how long; at most `MAX_FRAMES` frames.
        on_turn: called after each frame, for progress; not in the times.
    """
    clock = StageClock(keep_first=True)
    meter = _LoadMeter()
    end = time.perf_counter() + seconds
    for frame in itertools.islice(itertools.cycle(frames), MAX_FRAMES):
        turn(frame, clock)
        on_turn()
        if time.perf_counter() >= end:
            break
    return ClosedSample(clock.stages_ms, meter.read())


def paced(
    turn: TurnFunction,
    frames: Sequence[Image],
    rate_hz: float,
    seconds: float,
    deadline_ms: float,
    on_turn: Callable[[], None] = lambda: None,
) -> PacedSample:
    """Frames as a camera would give them; the newest wins, and it waits for nobody.

    The camera is the clock: frame k is captured k / rate after the begin, whether or not somebody
    looks. It costs no processor time here; a real one does.

    Raises:
        UsageError: the rate is out of range.
    """
    if not 0 < rate_hz * seconds <= MAX_FRAMES:
        raise UsageError(
            f"expected a rate and a time that give 1 to {MAX_FRAMES} frames, "
            f"got {rate_hz:g} Hz for {seconds:g} s"
        )
    total = max(round(rate_hz * seconds), 1)
    clock, meter = StageClock(keep_first=True), _LoadMeter()
    ages, dropped, last = array("d"), 0, -1
    for index, captured_s in _camera(rate_hz, total):
        dropped += index - last - 1
        last = index
        turn(frames[index % len(frames)], clock)
        ages.append((time.perf_counter() - captured_s) * 1e3)
        on_turn()
    dropped += total - 1 - last
    missed = sum(age > deadline_ms for age in ages)
    return PacedSample(clock.stages_ms, ages, total, dropped, missed, meter.read())


def _camera(rate_hz: float, total: int) -> Iterator[tuple[int, float]]:
    """Number and time of capture of the newest frame, waiting for one if there is none new."""
    begun = time.perf_counter() + 1 / rate_hz
    last = -1
    while True:
        newest = math.floor((time.perf_counter() - begun) * rate_hz)
        if newest <= last:
            time.sleep(max(begun + (last + 1) / rate_hz - time.perf_counter(), 0))
            continue
        if newest >= total:
            return
        last = newest
        yield newest, begun + newest / rate_hz
