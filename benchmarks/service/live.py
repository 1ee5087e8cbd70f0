"""What the running service gives: age at the decision, misses, drops, and its own work."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from belisha import champion
from belisha.frames import Image
from belisha.service.assembly import Service
from belisha.service.systemd import Systemd
from belisha.timing import Percentiles
from benchmarks.service.rtsp_server import RtspServer, pictures_source
from benchmarks.service.stage import Heard

WARM_UP_S = 3.0
_BEFORE = ("read", "infer")
"""Stages of a decision that are not the kit's own work: the way to it, and the network."""


@dataclass(frozen=True)
class LiveFigures:
    """What was measured from one kind of camera.

    Attributes:
        camera: which.
        seconds: how long.
        captured, processed, dropped, failed: frames.
        missed: decisions after the deadline.
        age_ms: from capture to decision. Of RTSP the capture is that of the stream's own times,
            laid so that the fastest frame took no time: what every frame takes is not in it.
        stages_ms: by stage; `read` is from capture until the loop has the frame.
        overhead_ms: medians of all stages that are neither the way to the loop nor the network,
            added up, sinks included.
        memory_mb: resident, at the end.
    """

    camera: str
    seconds: float
    captured: int
    processed: int
    dropped: int
    failed: int
    missed: int
    age_ms: Percentiles
    stages_ms: dict[str, Percentiles]
    overhead_ms: float
    memory_mb: float


def paced_file(seconds: float, threads: int, deadline_ms: float) -> LiveFigures:
    """The shipped clip, played at its pace again and again."""
    return _measure("paced file", str(champion.CLIP), seconds, threads, deadline_ms)


def rtsp(
    pictures: Sequence[Image], seconds: float, threads: int, deadline_ms: float
) -> LiveFigures:
    """Pictures from a real RTSP server on loopback, as JPEG, 30 a second.

    Raises:
        MissingLibraryError: there can be no server here.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = RtspServer(pictures_source(pictures, Path(folder)))
        try:
            return _measure("RTSP", server.url, seconds, threads, deadline_ms)
        finally:
            server.kill()


def _measure(
    camera: str, source: str, seconds: float, threads: int, deadline_ms: float
) -> LiveFigures:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "car.yaml"
        path.write_text(
            f"camera: {{source: '{source}', rate_hz: 30, repeat: true, "
            "mounting: {height_m: 1.3, fov_deg: 60, horizon: 0.47}}\n"
            f"detector: {{threads: {threads}}}\n"
            f"deadline_ms: {deadline_ms}\n"
            "sinks: {unix: [decisions.sock], file: {path: decisions.jsonl}}\n"
            "log: {path: activity.db}\n"
        )
        service = Service(path, Heard(), Systemd({}))
        thread = threading.Thread(target=service.run, name="service")
        thread.start()
        time.sleep(WARM_UP_S + seconds)
        figures = _figures(camera, service, WARM_UP_S + seconds)
        service.stop()
        thread.join(5)
    return figures


def _figures(camera: str, service: Service, seconds: float) -> LiveFigures:
    ledger, status = service.ledger, service.status
    stages = {name: times.percentiles() for name, times in ledger.stages.items()}
    own_ms = sum(times.p50 or 0.0 for name, times in stages.items() if name not in _BEFORE)
    return LiveFigures(
        camera=camera,
        seconds=seconds,
        captured=status.counts.captured,
        processed=status.counts.processed,
        dropped=status.counts.dropped,
        failed=status.counts.failed,
        missed=status.counts.missed,
        age_ms=ledger.latency.percentiles(),
        stages_ms=stages,
        overhead_ms=round(own_ms, 3),
        memory_mb=round(status.health.memory_mb, 1),
    )
