"""Cameras of the kernel, `/dev/video0`: USB cameras and others, through OpenCV's V4L2."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import cast

import cv2

from belisha.cameras import Frame
from belisha.cameras.picture import silence_opencv
from belisha.cameras.settings import CameraSettings
from belisha.errors import SourceError
from belisha.frames import Image

_SAME_CLOCK_S = 5.0
"""If the first picture's time is further from now, the driver's times are not on our clock."""
_MOTION_JPEG = frozenset({"MJPG", "JPEG"})
"""Two names that drivers give to the same pixels."""


class V4l2Camera:
    """A camera of the kernel; see `belisha.cameras.Camera`.

    Args:
        settings: its device as `source`, and what to ask it for.

    Raises:
        SourceError: there is none, it is busy, or it gives pictures of another size or kind.
    """

    def __init__(self, settings: CameraSettings) -> None:
        silence_opencv()
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")  # seconds, else ten
        self._path = settings.source
        if not Path(self._path).exists():
            raise SourceError(f"{self._path}: no such camera: is it plugged in?")
        self._capture = cv2.VideoCapture(self._path, cv2.CAP_V4L2, _wishes(settings))
        if not self._capture.isOpened():
            raise SourceError(
                f"{self._path}: cannot be opened: does another program use it, and is this user in "
                "the group 'video'?"
            )
        self._check_size(settings)
        self._check_pixels(settings)
        self._index = 0
        self._is_stamped = False
        self._rate_hz = max(self._capture.get(cv2.CAP_PROP_FPS), 0.0)

    def _check_size(self, settings: CameraSettings) -> None:
        """Drivers give the nearest size that they have, without a word."""
        if settings.width is None or settings.height is None:
            return
        got = tuple(
            int(self._capture.get(one))
            for one in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if got != (settings.width, settings.height):
            self.close()
            raise SourceError(
                f"{self._path}: expected {settings.width}x{settings.height}, the camera offers "
                f"{got[0]}x{got[1]}: write a size that v4l2-ctl --list-formats-ext shows"
            )

    def _check_pixels(self, settings: CameraSettings) -> None:
        """A format that it has not makes OpenCV take another one, without a word."""
        if settings.fourcc is None:
            return
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        got = code.to_bytes(4, "little", signed=code < 0).decode("ascii", "replace")
        if got != settings.fourcc and not {got, settings.fourcc} <= _MOTION_JPEG:
            self.close()
            raise SourceError(
                f"{self._path}: expected pixels as {settings.fourcc}, the camera offers {got}: "
                "write a format that v4l2-ctl --list-formats-ext shows"
            )

    @property
    def expected(self) -> int | None:
        """See `Camera.expected`."""
        return None

    def read(self) -> Frame:
        """The next frame; see `Camera.read`."""
        good, image = self._capture.read()
        now = time.perf_counter()
        if not good:
            raise SourceError(f"{self._path}: no picture came: was it unplugged?")
        # Drivers stamp frames on CLOCK_MONOTONIC, which is the clock of perf_counter on Linux. Of
        # those that waited while nobody read, the age is told however old they are.
        stamped_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        if self._index == 0:
            self._is_stamped = abs(now - stamped_s) <= _SAME_CLOCK_S
        captured_s = min(stamped_s, now) if self._is_stamped else now
        frame = Frame(cast(Image, image), self._path, self._index, captured_s, self._rate_hz)
        self._index += 1
        return frame

    def close(self) -> None:
        """See `Camera.close`."""
        self._capture.release()


def _wishes(settings: CameraSettings) -> list[int]:
    """What to ask the driver for; the pixel format first, as sizes depend on it."""
    wishes = []
    if settings.fourcc is not None:
        wishes += [cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*settings.fourcc)]
    for name, value in (
        (cv2.CAP_PROP_FRAME_WIDTH, settings.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
        (cv2.CAP_PROP_FPS, settings.rate_hz),
    ):
        if value is not None:
            wishes += [name, int(value)]
    return wishes
