"""A stage for hours in minutes: a camera that never waits, and an engine that remembers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from belisha import champion
from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.cameras import Camera, Frame
from belisha.cameras.settings import CameraSettings
from belisha.detector import Detector
from belisha.engines import Engine, EngineInfo
from belisha.engines.choice import open_engine
from belisha.errors import FrameError, SourceError
from belisha.frames import Image

_TOO_FAST, _BAD, _LOST = 0.02, 0.001, 0.00001
"""Shares of frames that come before the last was taken, that are bad, that are the last ones."""
_PATIENCE_S = 0.2
"""A frame that nobody has taken by then is not waited for: it was too old."""
_REAL_EVERY = 10
"""Of so many frames one goes through the network, whatever is remembered."""
_REMEMBERED = 2000


class EagerCamera:
    """Gives a frame as soon as the last one was taken, with a little trouble at times.

    Args:
        pictures: shown in turn; a pixel of each is changed, as a sensor's noise would.
        rate_hz: what it says that its rate is.

    Attributes:
        given: frames so far, bad ones included.
        stopped: whether to end.
    """

    def __init__(self, pictures: Sequence[Image], rate_hz: float) -> None:
        self.given = 0
        self.stopped = False
        self._pictures, self._rate_hz = pictures, rate_hz
        self._taken = threading.Event()
        self._taken.set()
        self._random = random.Random(7)  # noqa: S311 - chance, not secrets

    def open(self, settings: CameraSettings, folder: Path) -> Camera:
        """Stands for `belisha.cameras.opening.open_source`."""
        return self

    def was_taken(self) -> None:
        """The loop looks at the last frame: the next may come."""
        self._taken.set()

    @property
    def expected(self) -> int | None:
        """See `Camera.expected`."""
        return None

    def read(self) -> Frame | None:
        """See `Camera.read`."""
        chance = self._random.random()
        if chance < _LOST:
            raise SourceError("the camera was lost (rehearsed)")
        if chance > _LOST + _TOO_FAST:
            self._taken.wait(_PATIENCE_S)
        if self.stopped:
            return None
        self._taken.clear()
        self.given += 1
        if chance > 1 - _BAD:
            self._taken.set()
            raise FrameError("a bad frame (rehearsed)")
        picture = self._pictures[self.given % len(self._pictures)].copy()
        picture[0, 0] = self.given % 251
        return Frame(picture, "stage", 0, time.perf_counter(), self._rate_hz)

    def close(self) -> None:
        """See `Camera.close`."""


class _RememberingEngine:
    """A real engine that is asked once for each input, and now and then again; see `Engine`."""

    def __init__(self, engine: Engine, camera: EagerCamera) -> None:
        self._engine, self._camera = engine, camera
        self._known: dict[bytes, dict[str, FloatArray]] = {}
        self._asked = 0

    @property
    def info(self) -> EngineInfo:
        """See `Engine.info`."""
        return self._engine.info

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Engine.run`."""
        self._camera.was_taken()
        self._asked += 1
        key = network_input[0, 8::31, 8::37].tobytes()
        known = self._known.get(key)
        if known is None or self._asked % _REAL_EVERY == 0:
            outputs = self._engine.run(network_input)
            known = {name: np.array(values) for name, values in outputs.items()}
            if len(self._known) < _REMEMBERED:
                self._known[key] = known
        return known

    def close(self) -> None:
        """See `Engine.close`."""
        self._engine.close()


class RememberingDetectors:
    """Opens detectors that tell the camera when a frame was taken, and spare the network."""

    def __init__(self, camera: EagerCamera) -> None:
        self._camera = camera

    def open(
        self,
        bundle: Path | str | None = None,
        *,
        engine: str | None = None,
        threads: int | None = None,
        threshold: float | None = None,
    ) -> Detector:
        """Stands for `Detector.open`."""
        verified = Bundle.open(bundle or champion.BUNDLE)
        opened = open_engine(verified, engine, threads)
        remembering = _RememberingEngine(opened.engine, self._camera)
        return Detector(verified, remembering, opened.passed_over, threshold)
