"""RTSP cameras, through OpenCV's FFmpeg."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import cv2

from belisha.cameras import Frame
from belisha.cameras.picture import silence_opencv
from belisha.cameras.stream_clock import StreamClock
from belisha.errors import SourceError
from belisha.frames import Image

OPEN_MS, READ_MS = 4000, 2000
"""How long FFmpeg waits for an answer, and for a frame."""
_OPTIONS = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"
_VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


class RtspCamera:
    """A camera in the network; see `belisha.cameras.Camera`.

    Args:
        url: `rtsp://...`.
        name: the URL as people may see it.

    Raises:
        SourceError: it does not answer.
    """

    def __init__(self, url: str, name: str) -> None:
        silence_opencv()
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS]
        with _ffmpeg_options():
            self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
        if not self._capture.isOpened():
            raise SourceError(f"{name}: does not answer: is the camera on, and the URL right?")
        self._name = name
        self._clock = StreamClock()
        self._index = 0
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate_hz = rate_hz if 0 < rate_hz <= 240 else 0.0
        self._stream_s = 0.0

    @property
    def expected(self) -> int | None:
        """See `Camera.expected`."""
        return None

    def read(self) -> Frame:
        """The next frame; see `Camera.read`."""
        good, image = self._capture.read()
        arrived_s = time.perf_counter()
        if not good:
            raise SourceError(f"{self._name}: the stream broke off")
        frame = Frame(
            cast(Image, image), self._name, self._index, self._captured_s(arrived_s), self._rate_hz
        )
        self._index += 1
        return frame

    def _captured_s(self, arrived_s: float) -> float:
        stream_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        if stream_s <= self._stream_s:  # this stream does not tell
            return arrived_s
        self._stream_s = stream_s
        return self._clock.captured_s(stream_s, arrived_s)

    def close(self) -> None:
        """See `Camera.close`."""
        self._capture.release()


@contextmanager
def _ffmpeg_options() -> Iterator[None]:
    """FFmpeg's options for live streams, which OpenCV reads from the environment; ours go again."""
    if _VARIABLE in os.environ:
        yield  # somebody knows better
        return
    os.environ[_VARIABLE] = _OPTIONS
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
