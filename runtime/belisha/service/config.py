"""The configuration of the service, as it is written in a YAML file.

name: car 7
camera:
  source: /dev/video0
  width: 640
  height: 480
  rate_hz: 30
detector:
  threads: 1
deadline_ms: 100
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from belisha.cameras.settings import CameraSettings
from belisha.documents import read_yaml


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """What finds people.

    Attributes:
        bundle: file; the shipped champion if absent.
        engine: name of the engine; the best that works if absent.
        threads: processor threads; all that there are if absent.
        threshold: least score to report; the bundle's own if absent.
    """

    bundle: str | None = None
    engine: str | None = None
    threads: int | None = None
    threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """Everything that the service can be told. Relative paths begin at the file's folder.

    Attributes:
        camera: where frames come from.
        name: of the device or the camera, as the owner calls it.
        detector: what finds people.
        deadline_ms: from capture to decision.
    """

    camera: CameraSettings
    name: str = ""
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    deadline_ms: float = 100.0

    def __post_init__(self) -> None:
        if self.deadline_ms <= 0:
            raise ValueError(f"expected a deadline_ms above 0, got {self.deadline_ms:g}")


def read_config(path: Path) -> ServiceConfig:
    """Read a configuration.

    Raises:
        ConfigError: it is absent or wrong; the message has the line.
    """
    return read_yaml(path, ServiceConfig)
