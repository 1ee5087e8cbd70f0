"""Video files, through OpenCV's FFmpeg."""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

import cv2

from belisha.cameras import Frame
from belisha.cameras.picture import silence_opencv
from belisha.errors import SourceError
from belisha.frames import Image

SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})

DEFAULT_RATE_HZ = 25.0
"""For a file that does not say how fast it plays."""


class VideoFile:
    """A video file, read to its end; see `belisha.cameras.Camera`."""

    def __init__(self, path: Path, name: str) -> None:
        silence_opencv()
        if not path.is_file():
            raise SourceError(f"{path}: no such file")
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError(
                f"{path}: expected a video, got {path.stat().st_size} bytes that do not open as "
                "one: it is truncated or of another kind; copy or convert it again"
            )
        self._path, self._name = path, name
        self._index = 0
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate_hz = rate_hz if rate_hz > 0 else DEFAULT_RATE_HZ

    @property
    def expected(self) -> int | None:
        """Frames that the file's header promises."""
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return count if count > 0 else None

    def read(self) -> Frame | None:
        """The next frame; see `Camera.read`."""
        begun_s = time.perf_counter()
        good, image = self._capture.read()
        if not good:
            self._check_end()
            return None
        frame = Frame(cast(Image, image), self._name, self._index, begun_s, self._rate_hz)
        self._index += 1
        return frame

    def _check_end(self) -> None:
        """Raise once if clearly fewer frames came than the header promised."""
        promised = self.expected or 0
        # Containers round their count, so a frame or two less is normal.
        if self._index == 0 or self._index < min(promised - 2, promised * 0.98):
            self.close()
            raise SourceError(
                f"{self._path}: the video ended early, after {self._index} of {promised} frames: "
                "it is truncated or damaged; what came before was processed"
            )

    def close(self) -> None:
        """See `Camera.close`."""
        self._capture.release()
