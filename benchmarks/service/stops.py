"""How long the service takes to end once it is told to, and where that time goes."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from belisha import champion
from belisha.errors import EngineError
from belisha.frames import Image
from belisha.service.assembly import Service
from belisha.service.systemd import Systemd
from benchmarks.page_cost import VIEWER
from benchmarks.service.rtsp_server import RtspServer, pictures_source
from benchmarks.service.stage import Heard

LIMIT_MS = 1000.0
_FRAMES = 15
"""That are decided before it is stopped."""
_PATIENCE_S = 60.0
_CONFIG = """\
camera: {{source: '{source}', rate_hz: 30, repeat: true}}
detector: {{threads: 1}}
deadline_ms: 5000
sinks: {{unix: [hangs.sock], udp: ["127.0.0.1:9"], file: {{path: decisions.jsonl}}}}
log: {{path: activity.db, anchor: activity.head}}
page: {{listen: "127.0.0.1:0"}}
"""


@dataclass(frozen=True)
class Stops:
    """How the service ended again and again.

    Attributes:
        camera: which it had.
        total_ms: of each time, from the order to stop until `Service.run` had returned.
        laps_ms: part -> (median, worst) of its share.
    """

    camera: str
    total_ms: tuple[float, ...]
    laps_ms: dict[str, tuple[float, float]]


def stops_of_file(count: int, on_stop: Callable[[], None]) -> Stops:
    """With the shipped clip at its pace."""
    return _stops("paced file", str(champion.CLIP), count, on_stop)


def stops_of_rtsp(pictures: Sequence[Image], count: int, on_stop: Callable[[], None]) -> Stops:
    """With a real RTSP server on loopback.

    Raises:
        MissingLibraryError: there can be no server here.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = RtspServer(pictures_source(pictures, Path(folder)))
        try:
            return _stops("RTSP", server.url, count, on_stop)
        finally:
            server.kill()


def _stops(camera: str, source: str, count: int, on_stop: Callable[[], None]) -> Stops:
    totals: list[float] = []
    laps: dict[str, list[float]] = {}
    for _ in range(count):
        # On a busy disk the log's writer may be left behind, and still write.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            total_ms, parts = _one_stop(source, Path(folder))
        totals.append(round(total_ms, 1))
        for name, ms in parts.items():
            laps.setdefault(name, []).append(ms)
        on_stop()
    shares = {name: (round(median(ms), 1), round(max(ms), 1)) for name, ms in laps.items()}
    return Stops(camera, tuple(totals), shares)


def _one_stop(source: str, folder: Path) -> tuple[float, dict[str, float]]:
    """Start, look at the page, let a reader hang, stop."""
    (folder / "car.yaml").write_text(_CONFIG.format(source=source))
    heard = Heard()
    service = Service(folder / "car.yaml", heard, Systemd({}))
    thread = threading.Thread(target=service.run, name="service")
    with _hanging_reader(folder / "hangs.sock"):
        thread.start()
        until = time.monotonic() + _PATIENCE_S
        with _viewer(heard, until):
            while service.counts.processed < _FRAMES:
                if time.monotonic() > until:
                    raise EngineError("the service did not decide about 15 frames in a minute")
                time.sleep(0.02)
            begun = time.perf_counter()
            service.stop()
            thread.join(_PATIENCE_S)
            return (time.perf_counter() - begun) * 1e3, service.ending_ms


@contextmanager
def _hanging_reader(path: Path) -> Iterator[None]:
    """Somebody who bound a socket and does not read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(path))
        yield


@contextmanager
def _viewer(heard: Heard, until: float) -> Iterator[None]:
    """Somebody in another process who looks at the page."""
    while not (told := heard.about("start", "http")) and time.monotonic() < until:
        time.sleep(0.02)
    viewer = subprocess.Popen(  # noqa: S603 - our own script and address
        [sys.executable, "-c", VIEWER, told.split()[-1]], stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        viewer.kill()
        viewer.wait()
