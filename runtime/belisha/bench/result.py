"""What a measurement leaves behind: one versioned document for every kind of measurement."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from belisha.bench.cold_start import ColdStart
from belisha.bench.comparison import Ratio
from belisha.bench.distribution import Distribution
from belisha.bench.environment import Environment
from belisha.bench.sampling import Load, WarmUp
from belisha.bench.sensors import Sensors
from belisha.bench.stability import Stability
from belisha.bundle import write_whole
from belisha.documents import convert, load_json, read_bounded
from belisha.errors import ConfigError, SourceError

FORMAT = 1
"""Rises when a reader of the old one would err."""
MAX_BYTES = 64 * 1024 * 1024

Kind = Literal["bench", "peers", "capacity", "roofline"]


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Frames back to back.

    Attributes:
        warm_up: what came before.
        stages: times by stage; `infer` is the network alone, `total` a frame to its boxes.
        total_ms, infer_ms: every single time, in order, for comparisons.
        stability: verdict on the order.
        load: of the machine; `None` where several took turns.
    """

    warm_up: WarmUp
    stages: dict[str, Distribution]
    total_ms: tuple[float, ...]
    infer_ms: tuple[float, ...]
    stability: Stability
    load: Load | None


@dataclass(frozen=True, kw_only=True)
class Paced:
    """Frames at a camera's pace, the newest wins.

    Attributes:
        rate_hz: of the camera.
        deadline_ms: age at which a decision comes too late.
        captured, dropped, missed: frames; see `belisha.bench.sampling.PacedSample`.
        age: from capture to decision.
        stages: times by stage.
        age_ms: every single age, in order.
        stability: verdict on the order of the totals.
        load: of the machine.
    """

    rate_hz: float
    deadline_ms: float
    captured: int
    dropped: int
    missed: int
    age: Distribution
    stages: dict[str, Distribution]
    age_ms: tuple[float, ...]
    stability: Stability
    load: Load


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How well a detector finds people in one data set, with the 95 % interval of its AP50.

    Attributes:
        dataset: its name, with the conditions on its images.
        min_height: of the people asked for, in pixels.
        people, images: how many.
        ap50, ap50_low, ap50_high: average precision at an overlap of 0.5.
    """

    dataset: str
    min_height: float
    people: int
    images: int
    ap50: float | None
    ap50_low: float | None = None
    ap50_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One detector and what was measured of it.

    Attributes:
        name: for people.
        input: size of the network's input, `416x320`; empty if not known.
        engine: library, device and threads, for people.
        flavour: of the model; empty where there are none.
        digest: of the bundle; empty where there is none.
        notes: what a reader must know, such as random weights.
        skipped: why nothing was measured.
        closed, paced, cold_start: what was.
        accuracy: by data set and height.
    """

    name: str
    input: str = ""
    engine: str = ""
    flavour: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()
    skipped: str | None = None
    closed: Closed | None = None
    paced: Paced | None = None
    cold_start: ColdStart | None = None
    accuracy: tuple[Accuracy, ...] = ()

    @property
    def label(self) -> str:
        """Name and flavour: one bundle may stand in a table twice."""
        return f"{self.name} {self.flavour}".strip()


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One rate that was tried.

    Attributes:
        rate_hz: of the camera.
        held: whether the detector kept up within the limit; `None` where it cannot be told.
        reason: why not.
        p99_ms: 99 % bound of the 99th percentile of the age at decision.
        dropped, captured: frames.
    """

    rate_hz: float
    held: bool | None
    reason: str
    p99_ms: float | None
    dropped: int
    captured: int


@dataclass(frozen=True, kw_only=True)
class SoakWindow:
    """A stretch of a soak.

    Attributes:
        at_s: when it began.
        p50_ms, worst_ms: of the time from frame to boxes.
        dropped, missed: frames.
        sensors: at its end.
    """

    at_s: float
    p50_ms: float
    worst_ms: float
    dropped: int
    missed: int
    sensors: Sensors


@dataclass(frozen=True, kw_only=True)
class Soak:
    """A long run at the camera's pace.

    Attributes:
        minutes: how long.
        windows: in order.
        throttled: whether the machine slowed down for heat; `None` where it cannot be told.
        drift: p50 of the last windows over that of the first, minus 1.
        reasons: what the verdict rests on.
    """

    minutes: float
    windows: tuple[SoakWindow, ...]
    throttled: bool | None
    drift: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Does this box hold a rate?

    Attributes:
        rate_hz, p99_ms, degrees_c: what was asked: frames a second, age, room below the limit.
        holds: the answer; `None` where it cannot be told.
        reasons: what it rests on.
        margin_ms: what the bound of p99 leaves of the limit.
        largest_hz: the largest rate that was held.
        headroom_c: degrees left at the zone nearest its limit; `None` without such a sensor.
        probes: every rate tried, in order.
        soak: if one was asked for.
    """

    rate_hz: float
    p99_ms: float
    degrees_c: float | None
    holds: bool | None
    reasons: tuple[str, ...]
    margin_ms: float | None
    largest_hz: float | None
    headroom_c: float | None
    probes: tuple[Probe, ...]
    soak: Soak | None = None


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """What this machine does at best with the given threads, measured.

    Attributes:
        fp32_gmacs, int8_gmacs: billions of multiply-adds a second, by matrix products.
        copy_gbs: bytes of a block -> billions of bytes read and written a second by copying it.
        threads: used.
    """

    fp32_gmacs: float
    int8_gmacs: float
    copy_gbs: dict[str, float]
    threads: int


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One kernel of the model as it runs.

    Attributes:
        name, operation: as the engine calls them.
        precision: `int8` or `fp32`.
        shape: of its output.
        macs: multiply-adds.
        bytes_moved: inputs, weights and outputs, each once.
        measured_ms: median.
        least_ms: what the machine's peaks allow.
        bound_by: the peak that decides.
    """

    name: str
    operation: str
    precision: Literal["int8", "fp32"]
    shape: str
    macs: int
    bytes_moved: int
    measured_ms: float
    least_ms: float
    bound_by: Literal["arithmetic", "memory"]

    @property
    def wasted_ms(self) -> float:
        """Time above what the peaks allow."""
        return self.measured_ms - self.least_ms


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """A model against the machine's peaks.

    Attributes:
        flavour: of the model.
        peaks: of the machine.
        layers: in order of execution.
        network_ms: median of the whole network, without the profiler.
        profiled_ms: sum of the layers' medians.
    """

    flavour: str
    peaks: Peaks
    layers: tuple[LayerCost, ...]
    network_ms: float
    profiled_ms: float

    @property
    def ratio(self) -> float:
        """How many times longer than the peaks allow; 1 is perfect."""
        return self.network_ms / sum(layer.least_ms for layer in self.layers)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A measurement.

    Attributes:
        format: `FORMAT`.
        kind: what was measured.
        environment: on what.
        settings: what was asked for, for people.
        subjects: the detectors.
        ratios: of pairs of them, measured interleaved.
        capacity, rooflines: of the kinds of that name.
        warnings: what makes the figures doubtful.
    """

    format: int
    kind: Kind
    environment: Environment
    settings: dict[str, str]
    subjects: tuple[Subject, ...]
    ratios: tuple[Ratio, ...] = ()
    capacity: Capacity | None = None
    rooflines: tuple[Roofline, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def to_document(self) -> Mapping[str, object]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def write_result(path: Path, result: Result) -> None:
    """Write the document, whole or not at all.

    Raises:
        SourceError: it cannot be written.
    """
    text = json.dumps(result.to_document(), allow_nan=False)
    try:
        write_whole(path, text.encode() + b"\n")
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror}") from error


def read_result(path: Path) -> Result:
    """Read a document that `write_result` wrote.

    Raises:
        ConfigError: absent, too long, malformed, or of a newer format.
    """
    document = load_json(read_bounded(path, MAX_BYTES), str(path))
    version = document.get("format") if isinstance(document, dict) else None
    if version != FORMAT:
        raise ConfigError(
            f"{path}: expected a result of format {FORMAT}, got {version!r}: measure again with "
            "this version, or read it with the one that wrote it"
        )
    return convert(document, Result, str(path))
