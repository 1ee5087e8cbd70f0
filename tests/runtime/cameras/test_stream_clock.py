"""The age of a stream's frames, from the stream's own times."""

from __future__ import annotations

import pytest

from belisha.cameras.stream_clock import StreamClock


def test_what_arrives_late_is_old() -> None:
    clock = StreamClock()
    ages = []
    for index, delay_s in enumerate((0.01, 0.01, 0.5, 0.3, 0.01)):
        arrived_s = 100 + index / 30 + delay_s
        ages.append(arrived_s - clock.captured_s(7 + index / 30, arrived_s))
    assert ages == pytest.approx([0.0, 0.0, 0.49, 0.29, 0.0], abs=1e-3)


def test_a_frame_that_is_faster_than_all_before_is_the_new_measure() -> None:
    clock = StreamClock()
    clock.captured_s(0.0, 50.2)
    assert clock.captured_s(0.1, 50.15) == 50.15


def test_clocks_that_drift_apart_do_not_make_frames_old() -> None:
    clock = StreamClock()
    for second in range(100_000):
        arrived_s = second * (1 + 50e-6)
        age_s = arrived_s - clock.captured_s(float(second), arrived_s)
    assert age_s < 0.001


def test_a_stream_that_begins_anew_is_no_old_one() -> None:
    clock = StreamClock()
    clock.captured_s(500.0, 1000.0)
    assert clock.captured_s(0.0, 1010.0) == 1010.0
