"""Back to back and at a camera's pace: what is counted, and what is left out."""

from __future__ import annotations

import time

import numpy as np
import pytest

from belisha.bench.sampling import closed_loop, paced, warm_up
from belisha.errors import UsageError
from belisha.timing import StageClock

FRAMES = [np.full((2, 2, 3), index, np.uint8) for index in range(3)]


class Sleeper:
    """A turn that takes a given time and remembers which frames it saw."""

    def __init__(self, *spent_s: float) -> None:
        self.spent_s = list(spent_s)
        self.seen: list[int] = []

    def __call__(self, image_bgr: np.ndarray, clock: StageClock) -> None:
        self.seen.append(int(image_bgr[0, 0, 0]))
        clock.start()
        time.sleep(self.spent_s[min(len(self.seen), len(self.spent_s)) - 1])
        clock.lap("infer")
        clock.finish()


def test_a_closed_loop_goes_through_the_frames_again_and_again() -> None:
    turn = Sleeper(0.002)
    sample = closed_loop(turn, FRAMES, seconds=0.2)
    assert turn.seen[:5] == [0, 1, 2, 0, 1]
    assert len(sample.stages_ms["total"]) == len(turn.seen)
    assert min(sample.stages_ms["total"]) >= 2
    assert sample.load.seconds >= 0.2


def test_a_warm_up_knows_its_first_frame() -> None:
    turn = Sleeper(0.03, 0.0)
    warm = warm_up(turn, FRAMES, seconds=0)
    assert warm.frames == 10
    assert warm.first_ms >= 30


def test_a_fast_detector_sees_every_frame_and_waits_for_it() -> None:
    turn = Sleeper(0.0)
    sample = paced(turn, FRAMES, rate_hz=8, seconds=0.75, deadline_ms=1000)
    assert (sample.captured, sample.dropped, sample.missed) == (6, 0, 0)
    assert turn.seen == [0, 1, 2, 0, 1, 2]
    assert sample.load.seconds >= 0.75


def test_the_newest_frame_wins_and_what_it_replaces_is_counted() -> None:
    turn = Sleeper(0.065, 0.0)
    frames = [np.full((2, 2, 3), index, np.uint8) for index in range(15)]
    sample = paced(turn, frames, rate_hz=50, seconds=0.3, deadline_ms=1000)
    # While the first frame took 65 ms, frames 1 and 2 were captured and replaced by frame 3.
    assert turn.seen[1] - turn.seen[0] >= 3
    assert sample.dropped >= 2
    assert sample.dropped + len(sample.age_ms) == sample.captured == 15


def test_a_decision_after_the_deadline_is_missed() -> None:
    sample = paced(Sleeper(0.03), FRAMES, rate_hz=20, seconds=0.3, deadline_ms=20)
    assert sample.missed == len(sample.age_ms) > 0
    assert min(sample.age_ms) >= 30


def test_the_age_begins_with_the_capture_not_with_the_look() -> None:
    sample = paced(Sleeper(0.07), FRAMES, rate_hz=50, seconds=0.5, deadline_ms=1000)
    assert max(sample.age_ms) > max(sample.stages_ms["total"])


@pytest.mark.parametrize(("rate_hz", "seconds"), [(0, 1), (-1, 1), (1000, 1000)])
def test_a_pace_without_frames_or_without_end_is_refused(rate_hz: float, seconds: float) -> None:
    with pytest.raises(UsageError, match="expected a rate and a time"):
        paced(Sleeper(0.0), FRAMES, rate_hz, seconds, deadline_ms=10)
