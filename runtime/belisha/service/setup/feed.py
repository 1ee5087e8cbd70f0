"""The newest frame of a camera, and people found in it, for a page that looks now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from belisha.boxes import FloatArray, as_xyxy
from belisha.cameras import Camera, Frame, NoFrame
from belisha.detector import Detector
from belisha.errors import FrameError, SourceError
from belisha.frames import Image
from belisha.service.telling import words_of

_STILL_S = 0.2
"""Between pictures of a folder, which has no rate of its own."""
_AGAIN_S = 1.0
"""After a source that failed or ended."""
_DETECT_EVERY_S = 0.5
_MOST_PEOPLE = 2000


class Feed:
    """Reads a camera in a thread of its own, from the start again when it ends.

    Attributes:
        problem: why there is no new frame; empty while there is.
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        detector: Detector | None = None,
        *,
        live: bool = False,
    ) -> None:
        """Start reading.

        Args:
            open_camera: gives the camera; called again after its end or loss.
            detector: finds people for a guess at the horizon; none, no guess.
            live: whether the camera keeps its own time, and must be read as it comes.
        """
        self.problem = "no frame yet"
        self._open_camera, self._detector, self._live = open_camera, detector, live
        self._lock = threading.Lock()
        self._frame: Image | None = None
        self._people: list[FloatArray] = []
        self._detected_s = -_DETECT_EVERY_S
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, name="setup camera", daemon=True)
        self._thread.start()

    @property
    def frame(self) -> Image | None:
        """(H, W, 3) uint8, the newest frame; nothing before the first."""
        with self._lock:
            return self._frame

    @property
    def people(self) -> FloatArray:
        """(N, 4) boxes found in the frames so far."""
        with self._lock:
            return np.concatenate([as_xyxy([]), *self._people])

    def close(self) -> None:
        """Stop reading."""
        self._closing.set()
        self._thread.join(timeout=5)

    def _read(self) -> None:
        while not self._closing.is_set():
            try:
                self._read_to_end(self._open_camera())
            except Exception as error:  # the page says it, and the camera is tried again
                self.problem = words_of(error)
                self._closing.wait(_AGAIN_S)

    def _read_to_end(self, camera: Camera) -> None:
        try:
            while not self._closing.is_set():
                begun = time.monotonic()
                try:
                    frame = camera.read()
                except (FrameError, SourceError) as error:
                    self.problem = str(error)
                    self._closing.wait(_STILL_S)
                    continue
                if frame is None:
                    return
                if isinstance(frame, NoFrame):
                    continue
                self._take(frame)
                pause = 1 / frame.rate_hz if frame.rate_hz else _STILL_S
                if not self._live:
                    self._closing.wait(max(pause - (time.monotonic() - begun), 0))
        finally:
            camera.close()

    def _take(self, frame: Frame) -> None:
        people = as_xyxy([])
        now = time.monotonic()
        if self._detector is not None and now - self._detected_s >= _DETECT_EVERY_S:
            self._detected_s = now
            people = self._detector(frame.image_bgr).xyxy
        with self._lock:
            same = self._frame is None or self._frame.shape == frame.image_bgr.shape
            if not same:
                self._people.clear()
            if len(people):
                self._people.append(people)
            while sum(map(len, self._people)) > _MOST_PEOPLE:
                self._people.pop(0)
            self._frame = frame.image_bgr
            self.problem = ""
