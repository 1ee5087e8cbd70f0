"""What is going on in the service, at one moment: what the page shows and what is scraped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from belisha.service.activity import LogState
from belisha.service.engine_watch import EngineHistory
from belisha.service.health import HealthState
from belisha.service.health_degrade import Degradation


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Frames and decisions since the start, named as in `activity_entries.Second`."""

    captured: int = 0
    processed: int = 0
    dropped: int = 0
    missed: int = 0
    failed: int = 0
    people: int = 0


@dataclass(frozen=True)
class Buckets:
    """Times since the start, in fixed buckets.

    Attributes:
        edges_ms: (N,) upper edges, rising; the last may be infinite.
        counts: (N,) how many times fell into each bucket, not added up.
        sum_ms: of all times.
    """

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]
    sum_ms: float

    def __post_init__(self) -> None:
        if len(self.edges_ms) != len(self.counts):
            raise ValueError(f"expected {len(self.edges_ms)} counts, got {len(self.counts)}")


@dataclass(frozen=True)
class InForce:
    """What decides at the moment.

    Attributes:
        bundle, digest: the model.
        engine: what runs it, with device and flavour, in words.
        passed_over: a sentence for each better engine that could not be used: the fallback.
        rule: name of the business rule that applies.
        reason: why, in words.
        threshold: least score that is reported.
        pinned: whether a person chose the bundle by hand, over the rules.
    """

    bundle: str = ""
    digest: str = ""
    engine: str = ""
    passed_over: tuple[str, ...] = ()
    rule: str = ""
    reason: str = ""
    threshold: float = 0.0
    pinned: bool = False


@dataclass(frozen=True)
class Alarm:
    """Something that is wrong now.

    Attributes:
        level: `alarm` wants somebody to do something.
        text: what, in a sentence.
        for_s: since how many seconds.
    """

    level: str
    text: str
    for_s: float


@dataclass(frozen=True, kw_only=True)
class Status:
    """The service at one moment.

    Attributes:
        name: of the device or the camera, as the owner calls it.
        up_s: seconds since the start.
        camera: what it is, in words.
        frame_age_s: since the newest frame was captured; NaN before the first.
        counts: since the start.
        latency: camera to decision.
        stages: stage of the loop -> its times.
        in_force: model, engine, rule.
        engines: what became of the engines since the start.
        bundles: names of the bundles that are loaded, for choosing one by hand.
        rules: every business rule in words, in order.
        alarms: what is wrong now, the worst first.
        health: of the machine.
        degradation: what is done less because of it.
        log: how the activity log is doing.
        versions: of runtime, libraries and files in force.
    """

    name: str = ""
    up_s: float = 0.0
    camera: str = ""
    frame_age_s: float = float("nan")
    counts: Counts = Counts()
    latency: Buckets = Buckets((), (), 0.0)
    stages: Mapping[str, Buckets] = field(default_factory=dict)
    in_force: InForce = InForce()
    engines: EngineHistory = field(default_factory=EngineHistory)
    bundles: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    health: HealthState = field(default_factory=HealthState)
    degradation: Degradation = field(default_factory=Degradation)
    log: LogState | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
