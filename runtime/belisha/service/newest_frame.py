"""A live camera: a thread captures, the loop takes the newest frame, older ones are dropped.

The thread also brings a camera back that was lost, with growing pauses. Whether the camera is well
is judged by an own clock, as drivers may wait for seconds before they admit that nothing comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from belisha.cameras import Camera, Frame, NoFrame
from belisha.cameras.picture_faults import FROZEN, PictureFaults
from belisha.cameras.settings import CameraSettings
from belisha.errors import FrameError
from belisha.service.telling import Say, words_of

LOOK_S = 0.1
"""How long `read` waits at most."""
PAUSES_S = (0.25, 8.0)
"""Before the camera is opened again: the first pause, and the longest."""
_CLOSE_S = 0.3


@dataclass(frozen=True)
class CameraState:
    """How a camera is doing.

    Attributes:
        words: what it is.
        captured: frames that it gave since the start.
        dropped: of these, the ones that a newer frame replaced before they were looked at.
        failed: of these, the ones that were bad.
        opened: how often it was opened.
        trouble: what is wrong; empty if nothing is.
        silent_s: since the last good frame.
    """

    words: str
    captured: int
    dropped: int
    failed: int
    opened: int
    trouble: str
    silent_s: float


class LiveCamera:
    """A camera that waits for nobody; see `belisha.cameras.Camera`.

    Args:
        settings: what is expected of it.
        open_source: opens it, again and again.
        say: is told when it is in trouble and when it is back.
    """

    def __init__(
        self, settings: CameraSettings, open_source: Callable[[], Camera], say: Say
    ) -> None:
        self._settings, self._open, self._say = settings, open_source, say
        self._changed = threading.Condition()
        self._slot: Frame | None = None
        self._ended = self._closing = self._closed = False
        self._captured = self._dropped = self._failed = self._opened = 0
        self._reason = self._trouble = ""
        self._good_s = time.perf_counter()
        self._thread = threading.Thread(target=self._work, name="camera", daemon=True)
        self._thread.start()

    @property
    def expected(self) -> int | None:
        """Nobody knows."""
        return None

    @property
    def state(self) -> CameraState:
        """How it is doing."""
        silent_s = time.perf_counter() - self._good_s
        return CameraState(
            self._settings.words,
            self._captured,
            self._dropped,
            self._failed,
            self._opened,
            self._trouble,
            silent_s,
        )

    def read(self) -> Frame | NoFrame | None:
        """The newest frame, each once; see `Camera.read`."""
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._ended, LOOK_S)
            frame, self._slot = self._slot, None
            if frame is not None:
                return frame
            if self._ended:
                return None
        silent_s = time.perf_counter() - self._good_s
        if silent_s > self._settings.stale_after_s:
            self._in_trouble(self._reason or "no frame comes")
        return NoFrame(silent_s)

    def close(self) -> None:
        """Stop capturing; a driver that hangs is not waited for."""
        self._closing = True
        with self._changed:
            self._changed.notify_all()
        self._thread.join(_CLOSE_S)
        with self._changed:
            self._dropped += self._slot is not None
            self._slot = None
        self._closed = True

    @property
    def over(self) -> bool:
        """Whether it is closed and will count nothing more."""
        return self._closed and not self.hangs

    @property
    def hangs(self) -> bool:
        """Whether the capturing thread is still there, after `close` in a driver that hangs."""
        return self._thread.is_alive()

    def _work(self) -> None:
        """The thread's life: open, capture, and again."""
        pause_s = PAUSES_S[0]
        while not self._closing:
            before = self._captured - self._failed
            try:
                source = self._open()
                self._opened += 1
                try:
                    self._capture(source)
                finally:
                    source.close()
            except Exception as error:  # whatever a driver does, the camera is opened again
                self._reason = words_of(error)
                self._in_trouble(self._reason)
            if self._ended or self._closing:
                return
            if self._captured - self._failed > before:
                pause_s = PAUSES_S[0]
            with self._changed:
                self._changed.wait_for(lambda: self._closing, pause_s)
            pause_s = min(2 * pause_s, PAUSES_S[1])

    def _capture(self, source: Camera) -> None:
        """Read an open camera until it ends, fails, or gives nothing good for too long."""
        settings = self._settings
        faults = PictureFaults(settings.frozen_limit_s, checked=settings.checked)
        opened_s = time.perf_counter()
        while not self._closing:
            try:
                frame = source.read()
            except FrameError as error:
                self._bad(str(error))
                continue
            if frame is None:
                self._end()
                return
            if isinstance(frame, Frame):
                self._take(frame, faults)
            if time.perf_counter() - max(self._good_s, opened_s) > settings.reopen_after_s:
                self._say("camera", f"{settings.words}: is opened again", "warning")
                return

    def _take(self, frame: Frame, faults: PictureFaults) -> None:
        """A frame has come: into the slot, unless something is wrong with it."""
        fault = faults.of(frame)
        if fault:
            self._bad(fault)
            if fault == FROZEN:  # which it has been for long enough already
                self._in_trouble(fault)
            return
        self._good_s, self._reason = time.perf_counter(), ""
        if self._trouble:
            self._recovered()
        with self._changed:
            self._dropped += self._slot is not None
            self._slot = replace(frame, index=self._captured)
            self._captured += 1
            self._changed.notify_all()

    def _bad(self, reason: str) -> None:
        self._captured += 1
        self._failed += 1
        self._reason = reason

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _in_trouble(self, reason: str) -> None:
        """Say it once for each reason."""
        with self._changed:
            if reason == self._trouble:
                return
            self._trouble = reason
        self._say("camera", f"{self._settings.words}: {reason}", "alarm")

    def _recovered(self) -> None:
        with self._changed:
            reason, self._trouble = self._trouble, ""
        self._say("camera", f"{self._settings.words}: is well again after: {reason}")
