"""Several things end at once; what hangs or fails is named, and the others end all the same."""

from __future__ import annotations

import threading
import time

from belisha.service.closing import close_within


def test_all_end_at_once() -> None:
    begun = time.monotonic()
    closings = {str(number): lambda: time.sleep(0.2) for number in range(10)}
    assert close_within(5.0, closings) == ()
    assert time.monotonic() - begun < 1.5, "one after another takes two seconds"


def test_what_hangs_is_left_behind_and_named() -> None:
    never, ended = threading.Event(), threading.Event()
    begun = time.monotonic()
    told = close_within(0.2, {"driver": never.wait, "page": ended.set})
    assert time.monotonic() - begun < 2
    assert told == ("driver does not end and is left behind",)
    assert ended.is_set()
    never.set()


def test_what_fails_is_named_and_stops_nobody() -> None:
    ended = threading.Event()

    def fail() -> None:
        raise ValueError("no such handle")

    assert close_within(5.0, {"bus": fail, "page": ended.set}) == (
        "bus failed at its end: ValueError: no such handle",
    )
    assert ended.is_set()
