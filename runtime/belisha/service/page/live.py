"""The newest picture for whoever looks; while nobody does, nothing is copied or encoded."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from belisha.boxes import Boxes
from belisha.frames import Image

LOOKING_S = 2.0
"""Somebody who has not asked for so long has gone."""
KEPT_BYTES = 48_000_000
"""Of whole frames that can still be kept as 'missed' or 'false'."""
KEPT_S = 4.0
SHOWN_WIDTH = 960
_QUALITY = 70


@dataclass(frozen=True, eq=False)
class Shown:
    """A frame and what was found in it.

    Attributes:
        image_bgr: (H, W, 3) uint8; it may be overwritten once `Live.publish` has returned.
        frame: number of the frame in its source.
        source: where it comes from.
        captured_s: when it was captured, on the clock of `time.perf_counter`.
        boxes: in pixels of the frame.
        labels: a word for each box, such as a track's number and distance; or none at all.
        words: a line about the picture as a whole.
    """

    image_bgr: Image
    frame: int
    source: str
    captured_s: float
    boxes: Boxes
    labels: tuple[str, ...] = ()
    words: str = ""


class Published:
    """A picture that was handed to viewers, encoded when the first of them wants it.

    Args:
        number: counts pictures that were published.
        shown: with a copy of the frame.
    """

    def __init__(self, number: int, shown: Shown) -> None:
        self.number, self.shown = number, shown
        self.published_s = time.perf_counter()
        self._jpeg = b""
        self._lock = threading.Lock()

    @property
    def age_ms(self) -> float:
        """How old the frame was when it was published."""
        return (self.published_s - self.shown.captured_s) * 1e3

    def jpeg(self) -> bytes:
        """The picture at most `SHOWN_WIDTH` wide; encoded once for all viewers."""
        with self._lock:
            if not self._jpeg:
                self._jpeg = _encode(self.shown.image_bgr)
            return self._jpeg


class Live:
    """Between the loop, which never waits, and viewers, who get the newest picture only.

    Args:
        rate_hz: pictures a second at most, whatever the camera gives.
    """

    def __init__(self, rate_hz: float) -> None:
        self._pause_s = 1.0 / rate_hz
        self._looked_until = self._due = 0.0
        self._closed = False
        self._number = 0
        self._recent: deque[Published] = deque()
        self._changed = threading.Condition()

    def wants(self) -> bool:
        """Whether a picture would be taken now; it is not while nobody looks."""
        now = time.monotonic()
        if now <= self._looked_until:
            return now >= self._due
        if self._recent:
            with self._changed:
                self._recent.clear()
        return False

    def publish(self, shown: Shown) -> None:
        """Offer a picture; returns at once, and at no cost while nobody looks."""
        if not self.wants():
            return
        now = time.monotonic()
        # By the plan, not by now, so that 30 Hz thinned to 5 Hz is not 4.3 Hz.
        self._due = max(self._due, now - self._pause_s) + self._pause_s
        copied = replace(shown, image_bgr=shown.image_bgr.copy())
        with self._changed:
            self._number += 1
            self._recent.append(Published(self._number, copied))
            while len(self._recent) > self._room(copied.image_bgr.nbytes):
                self._recent.popleft()
            self._changed.notify_all()

    def newer(self, number: int, timeout_s: float) -> Published | None:
        """The newest picture after `number`, waited for; whoever calls this looks."""
        with self._changed:
            self._looked_until = time.monotonic() + max(LOOKING_S, timeout_s)
            self._changed.wait_for(lambda: self._closed or self._newest() > number, timeout_s)
            return self._recent[-1] if self._newest() > number else None

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def find(self, number: int) -> Published | None:
        """A picture that was shown a moment ago, if it is still here."""
        with self._changed:
            return next((one for one in self._recent if one.number == number), None)

    def before(self, number: int, seconds: float) -> Published | None:
        """The newest picture that is older than `number` by at least `seconds`."""
        with self._changed:
            pictures = list(self._recent)
        end = next((one for one in pictures if one.number == number), None)
        if end is None:
            return None
        older = [one for one in pictures if end.published_s - one.published_s >= seconds]
        return older[-1] if older else None

    def _newest(self) -> int:
        return self._recent[-1].number if self._recent else 0

    def _room(self, frame_bytes: int) -> int:
        """How many pictures are kept."""
        return max(min(int(KEPT_S / self._pause_s), KEPT_BYTES // max(frame_bytes, 1)), 1)


def _encode(image_bgr: Image) -> bytes:
    height, width = image_bgr.shape[:2]
    if width > SHOWN_WIDTH:
        size = (SHOWN_WIDTH, max(round(height * SHOWN_WIDTH / width), 1))
        image_bgr = cast(Image, cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA))
    good, data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return cast("np.ndarray[tuple[int], np.dtype[np.uint8]]", data).tobytes() if good else b""
