"""What Prometheus scrapes, made when it is asked for.

The only importer of prometheus_client, which is an extra: `belisha[metrics]`. Import this module
where it is needed, not at the top.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from belisha.service.status import Buckets, Status

_COUNTED = {
    "captured": "Frames that the camera gave",
    "processed": "Frames that led to a decision",
    "dropped": "Frames that a newer one replaced",
    "missed": "Decisions after their deadline",
    "failed": "Bad frames",
    "people": "Boxes reported, over all frames",
}
_MEASURED = {
    "hottest_c": ("temperature_celsius", "The hottest thermal zone", 1.0),
    "headroom_c": ("headroom_celsius", "Left before something slows down", 1.0),
    "clock_mhz": ("clock_hertz", "Mean of the cores", 1e6),
    "gpu_mhz": ("gpu_clock_hertz", "Of the GPU", 1e6),
    "throttling": ("throttling_ratio", "How far the system brakes because of heat", 1.0),
    "power_w": ("power_watts", "What the board takes", 1.0),
    "memory_mb": ("memory_bytes", "Resident memory of this process", 1e6),
    "memory_free_mb": ("memory_free_bytes", "Memory that could still be had", 1e6),
    "disk_free_mb": ("disk_free_bytes", "Room left where the log is", 1e6),
}


class StatusCollector(Collector):
    """A status as metrics; what is not reported is left out."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        status = self._status
        for name, words in _COUNTED.items():
            value = getattr(status.counts, name)
            yield CounterMetricFamily(f"belisha_{name}", words, value=value)
        yield _histogram("belisha_latency_seconds", "Camera to decision", {"": status.latency})
        yield _histogram("belisha_stage_seconds", "Stages of the loop", status.stages, "stage")
        yield _gauge("belisha_up_seconds", "Since the start", status.up_s)
        if math.isfinite(status.frame_age_s):
            yield _gauge("belisha_frame_age_seconds", "Of the newest frame", status.frame_age_s)
        yield from self._health()
        yield from self._in_force()
        yield from self._log()

    def _health(self) -> Iterator[Metric]:
        health = dataclasses.asdict(self._status.health)
        for field, (name, words, factor) in _MEASURED.items():
            if math.isfinite(health[field]):
                yield _gauge(f"belisha_{name}", words, health[field] * factor)
        if math.isfinite(health["throttle_events"]):
            yield CounterMetricFamily(
                "belisha_throttle_events",
                "Since the system's start",
                value=health["throttle_events"],
            )
        active = self._status.degradation.active
        yield _gauge("belisha_degraded_rules", "Rules by which less is done now", len(active))

    def _in_force(self) -> Iterator[Metric]:
        in_force = self._status.in_force
        facts = {
            "bundle": in_force.bundle,
            "digest": in_force.digest,
            "engine": in_force.engine,
            "rule": in_force.rule,
        }
        yield InfoMetricFamily("belisha_in_force", "Model, engine and rule", value=facts)
        versions = {_word(name): value for name, value in self._status.versions.items()}
        yield InfoMetricFamily("belisha_versions", "Of what is in force", value=versions)
        yield _gauge(
            "belisha_fallback", "Better engines that could not be used", len(in_force.passed_over)
        )
        yield from self._engines()
        alarms = GaugeMetricFamily("belisha_alarms", "What is wrong now", labels=["level"])
        for level in ("warning", "alarm"):
            count = sum(alarm.level == level for alarm in self._status.alarms)
            alarms.add_metric([level], count)
        yield alarms

    def _engines(self) -> Iterator[Metric]:
        history = self._status.engines
        yield CounterMetricFamily(
            "belisha_engine_switches",
            "Models that went on with another engine by themselves",
            value=history.switches,
        )
        if (last := history.last) is not None:
            facts = {name: getattr(last, name) for name in ("bundle", "before", "after", "reason")}
            yield InfoMetricFamily("belisha_engine_switch", "The last of them", value=facts)
            ago_s = self._status.up_s - last.up_s
            yield _gauge("belisha_engine_switch_age_seconds", "Since the last of them", ago_s)

    def _log(self) -> Iterator[Metric]:
        log = self._status.log
        if log is not None:
            yield CounterMetricFamily("belisha_log_entries", "Written ever", value=log.head.seq)
            yield CounterMetricFamily(
                "belisha_log_lost", "Given up since the start", value=log.lost
            )
            yield _gauge("belisha_log_trouble", "1 while it cannot be written", bool(log.trouble))


def exposition(status: Status) -> tuple[bytes, str]:
    """The text that Prometheus reads, and its media type."""
    registry = CollectorRegistry()
    registry.register(StatusCollector(status))
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _histogram(
    name: str, words: str, series: Mapping[str, Buckets], label: str | None = None
) -> Metric:
    family = HistogramMetricFamily(name, words, labels=[label] if label else [])
    for key, buckets in series.items():
        family.add_metric([key] if label else [], _added_up(buckets), buckets.sum_ms / 1e3)
    return family


def _added_up(buckets: Buckets) -> list[tuple[str, float]]:
    """Upper edges in seconds with the counts up to each; the last edge is infinite."""
    rows, below = [], 0
    for edge, count in zip(buckets.edges_ms, buckets.counts, strict=True):
        below += count
        if math.isfinite(edge):
            rows.append((f"{edge / 1e3:.9g}", float(below)))
    return [*rows, ("+Inf", float(below))]


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).lower()
