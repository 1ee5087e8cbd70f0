"""The configuration of the service, as it is written in a YAML file.

name: car 7
camera:
  source: /dev/video0
  width: 640
  height: 480
  rate_hz: 30
  mounting: {height_m: 1.3, fov_deg: 60, horizon: 0.47}
detector:
  threads: 1
rules: rules.yaml
deadline_ms: 100
sinks:
  unix: [/run/belisha/decisions.sock]
  can: {interface: can0}
log: {path: /var/lib/belisha/activity.db}
page: {}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from belisha.cameras.settings import CameraSettings
from belisha.documents import read_yaml
from belisha.service.activity import LIMIT_BYTES
from belisha.service.car_signals import SignalSettings
from belisha.service.health_degrade import DegradeRule
from belisha.service.models import DetectorSettings
from belisha.service.mounting import Mounting
from belisha.service.outlets.sink import OutletSettings
from belisha.service.page.settings import PageSettings
from belisha.service.tracks import TrackerSettings


@dataclass(frozen=True, kw_only=True)
class MountedCamera(CameraSettings):
    """A camera in a car.

    Attributes:
        mounting: how it sits; `belisha setup` helps. Without it no distance is told.
    """

    mounting: Mounting | None = None


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """The activity log.

    Attributes:
        path: of the SQLite file.
        limit_mb: the oldest entries go when it would become larger.
        anchor: a file, elsewhere if possible, that gets the chain's head once a minute.
    """

    path: str = "activity.db"
    limit_mb: float = LIMIT_BYTES / 1e6
    anchor: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """Everything that the service can be told. Relative paths begin at the file's folder.

    Attributes:
        camera: where frames come from.
        name: of the device or the camera, as the owner calls it.
        detector: what finds people.
        rules: a file of rules that choose among bundles.
        signals: what rules may ask about, and from where it comes.
        tracker: who is who from frame to frame; `null` for frames that stand alone.
        deadline_ms: from capture to decision.
        sinks: where decisions go.
        log: the activity log; none is kept if absent.
        degrade: what is done less when the machine is not well.
        page: the page on the device; none if absent.
        feedback: a folder for frames that people mark on the page; no buttons if absent.
    """

    camera: MountedCamera
    name: str = ""
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    rules: str | None = None
    signals: SignalSettings = field(default_factory=SignalSettings)
    tracker: TrackerSettings | None = field(default_factory=TrackerSettings)
    deadline_ms: float = 100.0
    sinks: OutletSettings = field(default_factory=OutletSettings)
    log: LogSettings | None = None
    degrade: tuple[DegradeRule, ...] = ()
    page: PageSettings | None = None
    feedback: str | None = None

    def __post_init__(self) -> None:
        if self.deadline_ms <= 0:
            raise ValueError(f"expected a deadline_ms above 0, got {self.deadline_ms:g}")
        if self.rules is not None and self.detector.bundle is not None:
            raise ValueError("expected either 'rules', which name bundles, or 'detector.bundle'")


def read_config(path: Path) -> ServiceConfig:
    """Read a configuration.

    Raises:
        ConfigError: it is absent or wrong; the message has the line.
    """
    return read_yaml(path, ServiceConfig)
