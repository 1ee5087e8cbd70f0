"""What Prometheus reads: every number of the service that is known, and no invented ones."""

from __future__ import annotations

import math
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from belisha.service.activity import LogState
from belisha.service.activity_entries import Head
from belisha.service.engine_watch import EngineHistory, EngineSwitch
from belisha.service.health import HealthState
from belisha.service.health_degrade import Degradation
from belisha.service.metrics import exposition
from belisha.service.status import Alarm, Buckets, Counts, InForce, Status

STATUS = Status(
    name="van 7",
    up_s=61.5,
    frame_age_s=0.033,
    counts=Counts(captured=100, processed=97, dropped=2, missed=1, failed=1, people=40),
    latency=Buckets((1.0, 10.0, math.inf), (60, 35, 2), 512.0),
    stages={"infer": Buckets((10.0,), (97,), 400.0)},
    in_force=InForce("small", "ab12", 'onnxruntime "int8"', ("tensorrt: absent",), "day"),
    alarms=(Alarm("alarm", "black", 3.0), Alarm("warning", "hot", 1.0)),
    health=HealthState(hottest_c=61.5, memory_mb=128.0),
    degradation=Degradation(active=("hot",)),
    log=LogState(Head(7, bytes(32)), 0, 3, "disk full"),
    versions={"belisha": "0.1.0", "rules file": "77"},
)


def scraped(status: Status) -> dict[str, float]:
    """Name with labels -> value, as Prometheus would have it."""
    text, kind = exposition(status)
    assert kind.startswith("text/plain")
    return {
        sample.name + "".join(f"|{key}={value}" for key, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_every_number_is_there_in_base_units() -> None:
    found = scraped(STATUS)
    assert found["belisha_processed_total"] == 97
    assert found["belisha_dropped_total"] == 2
    assert found["belisha_temperature_celsius"] == 61.5
    assert found["belisha_memory_bytes"] == 128e6
    assert found["belisha_log_lost_total"] == 3
    assert found["belisha_log_trouble"] == 1
    assert found["belisha_alarms|level=alarm"] == 1
    assert found["belisha_fallback"] == 1
    assert found["belisha_degraded_rules"] == 1


def test_an_engine_switch_is_told_with_its_reason_and_age() -> None:
    assert scraped(STATUS)["belisha_engine_switches_total"] == 0
    assert not any(name.startswith("belisha_engine_switch_") for name in scraped(STATUS))
    last = EngineSwitch("day", "tensorrt", "onnxruntime", 'said "lost"', 51.5)
    found = scraped(replace(STATUS, engines=EngineHistory(3, last)))
    assert found["belisha_engine_switches_total"] == 3
    assert found["belisha_engine_switch_age_seconds"] == 10
    labels = '|after=onnxruntime|before=tensorrt|bundle=day|reason=said "lost"'
    assert found[f"belisha_engine_switch_info{labels}"] == 1


def test_the_histogram_adds_up() -> None:
    found = scraped(STATUS)
    assert found["belisha_latency_seconds_bucket|le=0.001"] == 60
    assert found["belisha_latency_seconds_bucket|le=0.01"] == 95
    assert found["belisha_latency_seconds_bucket|le=+Inf"] == 97
    assert found["belisha_latency_seconds_count"] == 97
    assert found["belisha_latency_seconds_sum"] == 0.512
    assert found["belisha_stage_seconds_bucket|le=+Inf|stage=infer"] == 97


def test_what_runs_is_named() -> None:
    (info,) = [name for name in scraped(STATUS) if name.startswith("belisha_in_force_info")]
    assert 'engine=onnxruntime "int8"' in info
    assert "rule=day" in info


def test_what_is_not_known_is_left_out() -> None:
    found = scraped(Status())
    assert found["belisha_captured_total"] == 0
    assert not any(name.startswith(("belisha_temperature", "belisha_frame_age")) for name in found)
    assert not any(name.startswith("belisha_log") for name in found)
    assert all(not math.isnan(value) for value in found.values())
