"""What happened since the start and since the last look, over all cameras that there were."""

from __future__ import annotations

import math
import threading

from belisha.cameras import Camera
from belisha.service.activity_entries import Second
from belisha.service.health import HealthState
from belisha.service.ledger import Ledger, Times
from belisha.service.newest_frame import CameraState, LiveCamera
from belisha.service.results import Choice
from belisha.service.status import Buckets, Counts

PER_OCTAVE_LOGGED, PER_OCTAVE_SHOWN = 8, 2
"""Buckets per doubling of a time: in the log, where they are rare, and in the metrics."""
_BEYOND_MS = 1e6
"""Stands for what is beyond all buckets where only finite edges may stand."""


class Tally:
    """Adds up cameras and ledger.

    Args:
        ledger: of the loop.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cameras: dict[int, LiveCamera] = {}
        self._gone = Counts()
        self._lock = threading.Lock()
        self._before = Counts()
        self._people_before = 0
        self._latency = ledger.latency.copy()
        self._stages: dict[str, float] = {}

    def counts(self, camera: Camera) -> Counts:
        """Since the start; captured is processed, dropped and failed together, and those in hand.

        Args:
            camera: in use now.
        """
        ledger = self._ledger
        with self._lock:  # the page's threads may come here at once
            live = self._seen(camera)
        looked_at = ledger.processed + ledger.failed + ledger.stale
        return Counts(
            captured=live.captured or looked_at,
            processed=ledger.processed,
            dropped=ledger.stale + live.dropped,
            missed=ledger.missed,
            failed=ledger.failed + live.failed,
            people=ledger.people,
        )

    def _seen(self, camera: Camera) -> Counts:
        """What live cameras gave so far; those that count no more are added up and forgotten."""
        if isinstance(camera, LiveCamera):
            self._cameras[id(camera)] = camera
        for key, one in list(self._cameras.items()):
            if one is not camera and one.over:
                self._gone = _with(self._gone, one.state)
                del self._cameras[key]
        seen = self._gone
        for one in self._cameras.values():
            seen = _with(seen, one.state)
        return seen

    def second(self, camera: Camera, choice: Choice | None, health: HealthState) -> Second:
        """Since the last call."""
        now, before = self.counts(camera), self._before
        self._before = now
        with_people, self._people_before = (
            self._ledger.with_people - self._people_before,
            self._ledger.with_people,
        )
        latency, worst_ms = self._new_latency()
        return Second(
            captured=now.captured - before.captured,
            processed=now.processed - before.processed,
            dropped=now.dropped - before.dropped,
            missed=now.missed - before.missed,
            failed=now.failed - before.failed,
            people=now.people - before.people,
            with_people=with_people,
            latency_ms=latency,
            worst_ms=worst_ms,
            stages_ms=self._new_stages(),
            bundle=f"{choice.name} {choice.detector.bundle.digest[:12]}" if choice else "",
            engine=choice.detector.info.engine.name if choice else "",
            rule=choice.rule if choice else "",
            hottest_c=health.hottest_c,
            clock_mhz=health.clock_mhz,
            power_w=health.power_w,
            memory_mb=health.memory_mb,
        )

    def _new_latency(self) -> tuple[tuple[tuple[float, int], ...], float]:
        """Buckets with decisions since the last look, and the longest of these, rounded up."""
        now = self._ledger.latency.copy()
        counts = now.counts[:]
        for index, count in enumerate(self._latency.counts):
            counts[index] -= count
        self._latency = now
        edges, found = Times(counts).coarse(PER_OCTAVE_LOGGED)
        rows = tuple(
            (edge if math.isfinite(edge) else _BEYOND_MS, count)
            for edge, count in zip(edges, found, strict=True)
            if count
        )
        return rows, round(min(rows[-1][0], now.worst_ms), 3) if rows else math.nan

    def _new_stages(self) -> dict[str, float]:
        sums = {stage: times.sum_ms for stage, times in self._ledger.stages.items()}
        new = {stage: round(ms - self._stages.get(stage, 0.0), 3) for stage, ms in sums.items()}
        self._stages = sums
        return new


def _with(counts: Counts, state: CameraState) -> Counts:
    """With the frames of one camera more."""
    return Counts(
        captured=counts.captured + state.captured,
        dropped=counts.dropped + state.dropped,
        failed=counts.failed + state.failed,
    )


def shown(times: Times) -> Buckets:
    """Times since the start as the page and the metrics have them."""
    edges, counts = times.coarse(PER_OCTAVE_SHOWN)
    return Buckets(edges, counts, times.sum_ms)
