"""Cameras: whatever gives frames. One file per kind of source.

A camera is read frame by frame. A bad frame raises `FrameError` and the next call goes on, so one
broken file in a folder costs one file; the end is `None`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from belisha.frames import Image


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame and where it comes from.

    Attributes:
        image_bgr: (H, W, 3) uint8.
        source: name of the file it comes from, relative to what the user named.
        index: number of the frame in its source, from 0; 0 for a picture.
        captured_s: when it was captured, on the clock of `time.perf_counter`; of a file that is
            read as fast as it goes, when its reading began.
        rate_hz: frames per second of its source; 0 for a picture.
    """

    image_bgr: Image
    source: str
    index: int
    captured_s: float
    rate_hz: float


@dataclass(frozen=True)
class NoFrame:
    """Nothing new from a live camera yet: whoever waits may look after something else.

    Attributes:
        for_s: seconds since the last good frame, or since the camera was started.
    """

    for_s: float


class Camera(Protocol):
    """A source of frames."""

    @property
    def expected(self) -> int | None:
        """How many frames will come, as far as is known; for progress bars."""
        ...

    def read(self) -> Frame | NoFrame | None:
        """The next frame; `None` at the end; `NoFrame`, of a live camera, after a short wait.

        Raises:
            FrameError: this frame is bad; the next call goes on.
            SourceError: this source is lost; the next call goes on with the next source.
        """
        ...

    def close(self) -> None:
        """Free what the camera holds."""
        ...
