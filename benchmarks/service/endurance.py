"""Hours of service in minutes: does anything grow, is any frame uncounted?

Everything is real but time and the network: frames come as fast as they are taken, every thirty of
them are a second for log and rules, and the network's outputs are remembered by its input. Some
frames come too fast, some are bad, and now and then the camera is lost.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

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
from belisha.service.assembly import Service, World
from belisha.service.status import Counts
from belisha.service.systemd import Systemd
from benchmarks.service.stage import Heard

RATE_HZ = 30
LIMIT_MB = 1.0
"""By which the process may grow once it has settled."""
_SETTLED = 0.2
"""Share of the time after which it should have."""
_SAMPLES = 100
_TOO_FAST, _BAD, _LOST = 0.02, 0.001, 0.00001
_REMEMBERED = 2000
_CONFIG = """\
name: endurance
camera:
  source: /dev/stage
  frozen_after_s: null
  mounting: {height_m: 1.3, fov_deg: 60, horizon: 0.47}
detector: {threads: 1}
sinks: {unix: [nobody.sock], file: {path: decisions.jsonl, limit_mb: 2}}
log: {path: activity.db}
"""


@dataclass(frozen=True)
class Endurance:
    """What hours of service came to.

    Attributes:
        hours: of service.
        minutes: that it took here.
        counts: of frames.
        uncounted: frames that were captured and are in no other count.
        memory_mb: (hour, resident memory) over the time.
        growth_mb: of the memory from the first settled samples to the last, medians of each.
        log_entries: in the activity log.
    """

    hours: float
    minutes: float
    counts: Counts
    uncounted: int
    memory_mb: tuple[tuple[float, float], ...]
    growth_mb: float
    log_entries: int


class _EagerCamera:
    """Gives a frame as soon as the last one was looked at, with a little trouble at times.

    Attributes:
        given: frames so far, bad ones included.
        looked_at: tells how many of them were processed, dropped or failed.
        stopped: whether to end.
    """

    def __init__(self, pictures: Sequence[Image]) -> None:
        self.given = 0
        self.stopped = False
        self.looked_at: Callable[[], int] = lambda: 0
        self._pictures = pictures
        self._random = random.Random(7)  # noqa: S311 - chance, not secrets

    def open(self, settings: CameraSettings, folder: Path) -> Camera:
        """Stands for `belisha.cameras.opening.open_source`."""
        return self

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
            while self.looked_at() < self.given and not self.stopped:
                time.sleep(0.0001)
        if self.stopped:
            return None
        self.given += 1
        if chance > 1 - _BAD:
            raise FrameError("a bad frame (rehearsed)")
        picture = self._pictures[self.given % len(self._pictures)].copy()
        picture[0, 0] = self.given % 251
        return Frame(picture, "stage", 0, time.perf_counter(), RATE_HZ)

    def close(self) -> None:
        """See `Camera.close`."""


class _RememberingEngine:
    """A real engine that is asked once for each input; see `belisha.engines.Engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, dict[str, FloatArray]] = {}

    @property
    def info(self) -> EngineInfo:
        """See `Engine.info`."""
        return self._engine.info

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Engine.run`."""
        key = network_input[0, 8::31, 8::37].tobytes()
        known = self._known.get(key)
        if known is None:
            outputs = self._engine.run(network_input)
            known = {name: np.array(values) for name, values in outputs.items()}
            if len(self._known) < _REMEMBERED:
                self._known[key] = known
        return known

    def close(self) -> None:
        """See `Engine.close`."""
        self._engine.close()


def _open_detector(
    bundle: Path | str | None = None,
    *,
    engine: str | None = None,
    threads: int | None = None,
    threshold: float | None = None,
) -> Detector:
    """Stands for `Detector.open`."""
    verified = Bundle.open(bundle or champion.BUNDLE)
    opened = open_engine(verified, engine, threads)
    return Detector(verified, _RememberingEngine(opened.engine), opened.passed_over, threshold)


def endure(
    hours: float,
    pictures: Sequence[Image],
    folder: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Endurance:
    """Run hours of service as fast as this machine can.

    Args:
        hours: of service, at 30 frames a second.
        pictures: shown in turn.
        folder: for the service's files.
        on_progress: told of frames that were given, and of all.
    """
    total = round(hours * 3600 * RATE_HZ)
    begun_utc, begun_s = datetime.now(timezone.utc), time.perf_counter()
    camera = _EagerCamera(pictures)

    def passed_s() -> float:
        return camera.given / RATE_HZ

    def utc() -> datetime:
        return begun_utc + timedelta(seconds=passed_s())

    (folder / "car.yaml").write_text(_CONFIG)
    world = World(camera.open, _open_detector, utc, passed_s)
    service = Service(folder / "car.yaml", Heard(), Systemd({}), world)
    camera.looked_at = lambda: _looked_at(service.counts)
    thread = threading.Thread(target=service.run, name="service")
    thread.start()
    curve = []
    for sample in range(1, _SAMPLES + 1):
        while camera.given < total * sample / _SAMPLES and thread.is_alive():
            time.sleep(0.02)
            on_progress(camera.given, total)
        curve.append((round(passed_s() / 3600, 4), _resident_mb()))
    camera.stopped = True
    service.stop()
    thread.join(10)
    return _summary(hours, time.perf_counter() - begun_s, service, curve)


def _looked_at(counts: Counts) -> int:
    return counts.processed + counts.dropped + counts.failed


def _summary(
    hours: float, seconds: float, service: Service, curve: list[tuple[float, float]]
) -> Endurance:
    counts, log = service.counts, service.status.log
    settled = [memory for _, memory in curve[int(len(curve) * _SETTLED) :]]
    ends = max(len(settled) // 10, 1)
    return Endurance(
        hours=hours,
        minutes=round(seconds / 60, 2),
        counts=counts,
        uncounted=counts.captured - _looked_at(counts),
        memory_mb=tuple(curve),
        growth_mb=round(median(settled[-ends:]) - median(settled[:ends]), 3),
        log_entries=log.head.seq if log else 0,
    )


def _resident_mb() -> float:
    """Memory of this process, as the kernel counts it."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return round(float(found.group(1)) * 1024 / 1e6, 3) if found else float("nan")
