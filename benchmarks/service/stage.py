"""A stage for the service: a camera and an engine that fail on cue; all else is real."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from belisha import champion
from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.cameras import Camera, Frame, NoFrame
from belisha.cameras.settings import CameraSettings
from belisha.detector import Detector
from belisha.engines import Engine, EngineInfo
from belisha.engines.choice import open_engine
from belisha.errors import EngineError, SourceError
from belisha.frames import Image

Mode = Literal["well", "unplugged", "silent", "frozen", "black", "cut off"]


class StagedCamera:
    """A camera at a steady pace, whose trouble is set by `mode`; see `belisha.cameras.Camera`.

    Args:
        pictures: shown in turn; a pixel of each is changed, as a sensor's noise would.
        rate_hz: frames per second.

    Attributes:
        mode: what it does.
    """

    def __init__(self, pictures: Sequence[Image], rate_hz: float = 30.0) -> None:
        self.mode: Mode = "well"
        self._pictures, self._rate_hz = pictures, rate_hz
        self._index = 0
        self._due_s = time.perf_counter()

    def open(self, settings: CameraSettings, folder: Path) -> Camera:
        """Stands for `belisha.cameras.opening.open_source`."""
        if self.mode == "unplugged":
            raise SourceError("the staged camera is unplugged")
        self._due_s = time.perf_counter()
        return self

    @property
    def expected(self) -> int | None:
        """See `Camera.expected`."""
        return None

    def read(self) -> Frame | NoFrame:
        """See `Camera.read`."""
        self._due_s = max(self._due_s + 1 / self._rate_hz, time.perf_counter() - 1)
        time.sleep(max(self._due_s - time.perf_counter(), 0))
        if self.mode == "unplugged":
            raise SourceError("the staged camera is unplugged")
        if self.mode == "silent":
            return NoFrame(0.0)
        if self.mode != "frozen":
            self._index += 1
        return Frame(self._picture(), "stage", self._index, time.perf_counter(), self._rate_hz)

    def close(self) -> None:
        """See `Camera.close`."""

    def _picture(self) -> Image:
        picture = self._pictures[self._index % len(self._pictures)].copy()
        if self.mode == "black":
            picture[:] = self._index % 4
        elif self.mode == "cut off":
            picture[len(picture) // 2 :] = 128
        else:
            picture[0, 0] = self._index % 251
        return picture


class StagedEngine:
    """A real engine that runs out of memory on cue; see `belisha.engines.Engine`."""

    def __init__(self, engine: Engine, stage: StagedEngines) -> None:
        self._engine, self._stage = engine, stage

    @property
    def info(self) -> EngineInfo:
        """See `Engine.info`."""
        return self._engine.info

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Engine.run`."""
        if self._stage.failing:
            raise EngineError("out of memory (rehearsed)")
        return self._engine.run(network_input)

    def close(self) -> None:
        """See `Engine.close`."""
        self._engine.close()


class StagedEngines:
    """Opens detectors whose engines fail while `failing`."""

    def __init__(self) -> None:
        self.failing = False

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
        staged = StagedEngine(opened.engine, self)
        return Detector(verified, staged, opened.passed_over, threshold)


class Heard:
    """Everything that the service says, with the time; see `belisha.service.telling.Say`."""

    def __init__(self) -> None:
        self.sentences: list[tuple[float, str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, name: str, text: str, level: str = "info") -> None:
        """See `Say`."""
        with self._lock:
            self.sentences.append((time.perf_counter(), name, text))

    def when(self, since_s: float, name: str, *words: str) -> float | None:
        """Seconds after `since_s` at which something was said that holds any of some words."""
        with self._lock:
            for moment, about, text in self.sentences:
                if moment >= since_s and about == name and any(word in text for word in words):
                    return moment - since_s
        return None

    def about(self, name: str, words: str) -> str:
        """The first sentence about something that holds some words; empty if there is none."""
        with self._lock:
            found = (text for _, about, text in self.sentences if about == name and words in text)
            return next(found, "")
