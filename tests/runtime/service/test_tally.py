"""Frames are counted over all cameras that there were, and no camera is kept for that."""

from __future__ import annotations

import gc
import time
import weakref

import numpy as np

from belisha.cameras import Camera, Frame
from belisha.cameras.settings import CameraSettings
from belisha.service.ledger import Ledger
from belisha.service.newest_frame import LiveCamera
from belisha.service.tally import Tally
from tests.doubles import Told, wait_until


class Ticking:
    """A camera that gives a frame every few milliseconds."""

    expected = None

    def read(self) -> Frame:
        time.sleep(0.005)
        picture = np.random.default_rng().integers(20, 250, (48, 64, 3), dtype=np.uint8)
        return Frame(picture, "test", 0, time.perf_counter(), 0.0)

    def close(self) -> None:
        pass


def living() -> LiveCamera:
    def opened() -> Camera:
        return Ticking()

    return LiveCamera(CameraSettings(source="/dev/test"), opened, Told())


def test_cameras_that_are_gone_still_count_and_are_forgotten() -> None:
    tally, captured = Tally(Ledger()), 0
    gone: list[weakref.ref[LiveCamera]] = []
    for _ in range(3):
        camera = living()
        wanted = captured + 5
        assert wait_until(lambda one=camera, most=wanted: tally.counts(one).captured > most)
        camera.close()
        assert camera.over
        captured = tally.counts(camera).captured
        gone.append(weakref.ref(camera))
    last = living()
    counts = tally.counts(last)
    assert counts.captured >= captured
    assert counts.dropped >= captured, "nobody took one"
    del camera
    gc.collect()
    assert [one() for one in gone] == [None] * 3
    last.close()
