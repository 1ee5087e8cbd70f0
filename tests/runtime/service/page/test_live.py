"""The newest picture for those who look, and no work at all while nobody does."""

from __future__ import annotations

import threading
import time
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np

from belisha.service.page.live import KEPT_BYTES, LOOKING_S, Live, Published
from tests.runtime.service.page.visits import shown


def looked_at(live: Live) -> None:
    """Somebody asks, and is about to ask again."""
    live.newer(10**9, 0.0)


def published(live: Live, count: int, pause_s: float = 0.0, people: int = 0) -> list[Published]:
    found = []
    for number in range(count):
        live.publish(shown(number, people))
        picture = live.newer(found[-1].number if found else 0, 0.0)
        found += [picture] if picture else []
        time.sleep(pause_s)
    return found


def test_while_nobody_looks_nothing_is_kept_and_it_costs_next_to_nothing() -> None:
    live, picture = Live(5.0), shown()
    begun = time.perf_counter()
    for _ in range(10_000):
        live.publish(picture)
    assert (time.perf_counter() - begun) / 10_000 < 20e-6
    assert live.find(1) is None
    assert not live.wants()
    looked_at(live)
    assert live.wants()


def test_who_looks_gets_the_newest_and_only_that() -> None:
    live = Live(1000.0)
    looked_at(live)
    for number in range(5):
        live.publish(shown(number))
        time.sleep(0.002)
    found = live.newer(0, 0.0)
    assert found is not None
    assert (found.number, found.shown.frame) == (5, 4)
    assert live.newer(found.number, 0.0) is None


def test_pictures_are_thinned_to_the_pages_rate() -> None:
    live = Live(20.0)
    looked_at(live)
    begun = time.monotonic()
    found = published(live, 60, 0.005)
    assert len(found) <= 20 * (time.monotonic() - begun) + 2


def test_who_waits_is_woken() -> None:
    live = Live(5.0)
    woken: list[Published | None] = []
    thread = threading.Thread(target=lambda: woken.append(live.newer(0, 30.0)))
    thread.start()
    while thread.is_alive():
        live.publish(shown(7))
        time.sleep(0.01)
    (found,) = woken
    assert found is not None
    assert found.shown.frame == 7


def test_the_frame_is_copied_as_cameras_use_their_buffers_again() -> None:
    live, picture = Live(5.0), shown()
    looked_at(live)
    live.publish(picture)
    picture.image_bgr[:] = 0
    found = live.newer(0, 0.0)
    assert found is not None
    assert found.shown.image_bgr.min() == 100


def test_what_was_shown_a_second_before_is_at_hand() -> None:
    live = Live(1000.0)
    looked_at(live)
    found = published(live, 30, 0.01)
    last = found[-1]
    before = live.before(last.number, 0.05)
    assert before is not None
    assert last.published_s - before.published_s >= 0.05
    assert live.before(last.number, 60) is None
    assert live.before(last.number + 1, 0) is None


def test_large_frames_do_not_fill_the_memory() -> None:
    live = Live(1000.0)
    large = shown(size=(1500, 2000))
    for number in range(8):
        looked_at(live)
        live.publish(replace(large, frame=number))
        time.sleep(0.002)
    assert 1 <= sum(live.find(number) is not None for number in range(1, 9)) <= 5
    assert KEPT_BYTES // large.image_bgr.nbytes == 5


def test_it_is_encoded_once_and_no_wider_than_a_screen() -> None:
    one = Published(1, shown(size=(1080, 1920)))
    jpeg = one.jpeg()
    assert one.jpeg() is jpeg
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (540, 960, 3)


def test_when_it_closes_nobody_waits_any_longer() -> None:
    live, ended = Live(5.0), threading.Event()

    def wait() -> None:
        live.newer(0, 60.0)
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    while not live.wants():
        pass
    live.close()
    assert ended.wait(10)


def test_the_memory_of_pictures_goes_back_when_nobody_looks() -> None:
    live, large = Live(1000.0), shown(size=(1500, 2000))
    # What is allocated, not what is resident: how soon the allocator returns pages depends on what
    # the process did before.
    tracemalloc.start()
    try:
        for number in range(5):
            looked_at(live)
            live.publish(replace(large, frame=number))
            time.sleep(0.002)
        assert tracemalloc.get_traced_memory()[0] > 3 * large.image_bgr.nbytes
        time.sleep(LOOKING_S + 0.1)
        assert not live.wants()
        assert tracemalloc.get_traced_memory()[0] < large.image_bgr.nbytes / 10
    finally:
        tracemalloc.stop()
