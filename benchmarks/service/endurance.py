"""Hours of service in minutes: does anything grow, is any frame uncounted?

Everything is real but time and most of the network: frames come as fast as they are taken, every
thirty of them are a second for log and rules, and nine in ten outputs of the network are remembered
by its input. Some frames come too fast, some are bad, now and then the camera is lost. The log is
so small that it deletes its oldest entries again and again, a rule switches between two detectors,
and somebody opens the page and closes it.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

from belisha.frames import Image
from belisha.service.activity_reader import read_rows
from belisha.service.assembled import World
from belisha.service.assembly import Service
from belisha.service.status import Counts
from belisha.service.systemd import Systemd
from benchmarks.page_cost import VIEWER
from benchmarks.service.eager import EagerCamera, RememberingDetectors
from benchmarks.service.stage import Heard

RATE_HZ = 30
LIMIT_MB = 1.0
"""By which the process may grow once it has settled."""
SETTLED = 0.2
"""Share of the time after which it should have."""
_SAMPLES = 100
_OPENED, _CLOSED, _OF = 3, 5, 10
"""Of ten samples the page is open from one to another."""
_CONFIG = """\
name: endurance
camera:
  source: /dev/stage
  frozen_after_s: null
  mounting: {height_m: 1.3, fov_deg: 60, horizon: 0.47}
detector: {threads: 1}
rules: rules.yaml
signals: {listen: car.sock, customer: acme}
deadline_ms: 1000
sinks: {unix: [nobody.sock], udp: ["127.0.0.1:9"], file: {path: decisions.jsonl, limit_mb: 2}}
log: {path: activity.db, limit_mb: 1, anchor: activity.head}
page: {listen: "127.0.0.1:0"}
feedback: kept
degrade:
  - {name: late, signal: missed_share, above: 0.5, until: 0.1, rate_hz: 15}
"""
_RULES = """\
format: 1
bundles: {slow: {}, fast: {}}
otherwise: {use: slow}
rules:
  - {name: motorway, use: fast, when: {speed_kmh: {above: 80}}}
"""


@dataclass(frozen=True)
class MemorySample:
    """Memory of this process at one moment.

    Attributes:
        hour: of service.
        resident_mb: all of it, as the kernel counts it.
        anonymous_mb: of that, what no file stands behind: heaps and stacks.
        watched: whether the page was open, which takes room for pictures that may still be marked.
    """

    hour: float
    resident_mb: float
    anonymous_mb: float
    watched: bool


@dataclass(frozen=True)
class Endurance:
    """What hours of service came to.

    Attributes:
        hours: of service that were reached.
        wanted_hours: that were asked for; more, if it was stopped.
        minutes: that it took here.
        counts: of frames.
        uncounted: frames that were captured and are in no other count.
        memory: over the time.
        growth_mb: of resident memory from the first settled samples to the last, medians of each,
            while nobody looked; nothing if it did not come so far.
        watched_mb: likewise while somebody did.
        log_first, log_last: numbers of the entries that the log still holds.
        page_opened: how often somebody opened the page.
    """

    hours: float
    wanted_hours: float
    minutes: float
    counts: Counts
    uncounted: int
    memory: tuple[MemorySample, ...]
    growth_mb: float | None
    watched_mb: float | None
    log_first: int
    log_last: int
    page_opened: int


OnSample = Callable[[MemorySample], None]


def endure(
    hours: float,
    pictures: Sequence[Image],
    folder: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_sample: OnSample = lambda sample: None,
) -> Endurance:
    """Run hours of service as fast as this machine can; Ctrl-C ends it early, with a result.

    Args:
        hours: of service, at 30 frames a second.
        pictures: shown in turn.
        folder: for the service's files.
        on_progress: told of frames that were given, and of all.
        on_sample: told of the memory a hundred times.
    """
    return _Run(hours, pictures, folder).through(on_progress, on_sample)


class _Run:
    """One run, and who comes by meanwhile."""

    def __init__(self, hours: float, pictures: Sequence[Image], folder: Path) -> None:
        self._hours, self._folder = hours, folder
        self._total = round(hours * 3600 * RATE_HZ)
        self._camera = EagerCamera(pictures, RATE_HZ)
        self._begun_utc, self._begun_s = datetime.now(timezone.utc), time.perf_counter()
        (folder / "car.yaml").write_text(_CONFIG)
        (folder / "rules.yaml").write_text(_RULES)
        detectors = RememberingDetectors(self._camera)
        world = World(self._camera.open, detectors.open, self._utc, self._passed_s)
        self._heard = Heard()
        self._service = Service(folder / "car.yaml", self._heard, Systemd({}), world)
        self._viewer: subprocess.Popen[bytes] | None = None
        self._opened = 0

    def through(self, on_progress: Callable[[int, int], None], on_sample: OnSample) -> Endurance:
        """To the end, or until it is interrupted."""
        curve: list[MemorySample] = []
        thread = threading.Thread(target=self._service.run, name="service")
        thread.start()
        try:
            for number in range(1, _SAMPLES + 1):
                while self._camera.given < self._total * number / _SAMPLES and thread.is_alive():
                    time.sleep(0.05)
                    on_progress(self._camera.given, self._total)
                curve.append(memory_now(self._passed_s() / 3600, watched=self._viewer is not None))
                on_sample(curve[-1])
                self._somebody_comes(number)
        except KeyboardInterrupt:
            pass
        finally:
            self._close_page()
            self._camera.stopped = True
            self._service.stop()
            thread.join(10)
        return self._summary(curve)

    def _passed_s(self) -> float:
        """The seconds of this service."""
        return self._camera.given / RATE_HZ

    def _utc(self) -> datetime:
        return self._begun_utc + timedelta(seconds=self._passed_s())

    def _somebody_comes(self, number: int) -> None:
        """Somebody looks for a while; the car drives fast for a moment."""
        if number % _OF == _OPENED:
            url = self._heard.about("start", "http://").split()[-1]
            self._viewer = subprocess.Popen([sys.executable, "-c", VIEWER, url])  # noqa: S603 - ours
            self._opened += 1
        if number % _OF == _CLOSED:
            self._close_page()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as car, suppress(OSError):
            car.sendto(b'{"speed_kmh": 120}', str(self._folder / "car.sock"))

    def _close_page(self) -> None:
        if self._viewer is not None:
            self._viewer.kill()
            self._viewer.wait()
        self._viewer = None

    def _summary(self, curve: list[MemorySample]) -> Endurance:
        counts, status = self._service.counts, self._service.status
        last = status.log.head.seq if status.log else 0
        return Endurance(
            hours=round(self._passed_s() / 3600, 4),
            wanted_hours=self._hours,
            minutes=round((time.perf_counter() - self._begun_s) / 60, 2),
            counts=counts,
            uncounted=counts.captured - counts.processed - counts.dropped - counts.failed,
            memory=tuple(curve),
            growth_mb=growth_mb(curve, SETTLED * self._hours, watched=False),
            watched_mb=growth_mb(curve, SETTLED * self._hours, watched=True),
            log_first=next((row.seq for row in read_rows(self._folder / "activity.db")), 0),
            log_last=last,
            page_opened=self._opened,
        )


def growth_mb(curve: Sequence[MemorySample], settled_hour: float, *, watched: bool) -> float | None:
    """By how much resident memory grew once it had settled; nothing if it did not come so far.

    Args:
        curve: over the time.
        settled_hour: from when on it should not grow.
        watched: whether to look at samples with an open page, or at those without.
    """
    settled = [
        one.resident_mb for one in curve if one.hour >= settled_hour and one.watched == watched
    ]
    if len(settled) < 2:
        return None
    ends = max(len(settled) // 10, 1)
    return round(median(settled[-ends:]) - median(settled[:ends]), 3)


def memory_now(hour: float, *, watched: bool) -> MemorySample:
    """Memory of this process, as the kernel counts it."""
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii", errors="replace")

    def megabytes(name: str) -> float:
        found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
        return round(float(found.group(1)) * 1024 / 1e6, 3) if found else float("nan")

    return MemorySample(round(hour, 4), megabytes("Rss"), megabytes("Anonymous"), watched)
