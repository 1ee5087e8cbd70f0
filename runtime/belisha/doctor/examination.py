"""The whole examination of a device, one matter after the other."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from belisha.bench.environment import read_environment
from belisha.detector import Detector
from belisha.doctor.camera import examine_camera
from belisha.doctor.engine import examine_engine
from belisha.doctor.finding import Finding
from belisha.doctor.power import examine_heat, examine_power
from belisha.doctor.system import (
    examine_clock,
    examine_disk,
    examine_permissions,
    examine_versions,
    find_account,
)
from belisha.errors import ConfigError
from belisha.service.config import ServiceConfig, read_config

CONFIG = Path("/etc/belisha/belisha.yaml")
STATE_FOLDER = Path("/var/lib/belisha")


def examine(config: Path | None) -> Iterator[Finding]:
    """Examine this device; findings come as they are made.

    Args:
        config: the service's configuration; without one there is no camera to look at.
    """
    settings = None
    if config is not None:
        try:
            settings = read_config(config)
            yield Finding("configuration", "ok", f"{config} can be read")
        except ConfigError as error:
            yield Finding("configuration", "trouble", str(error), f"correct {config}")
    if config is not None and settings is not None:
        in_use = service_is_active()
        yield examine_camera(settings.camera, config.parent, in_use=in_use)
    yield from examine_engine(_opener(config, settings))
    environment = read_environment()
    yield examine_power(environment.jetson)
    yield examine_heat(environment.sensors)
    yield examine_disk(_written_to(config, settings))
    yield examine_clock(datetime.now(timezone.utc))
    yield from examine_permissions(find_account())
    yield from examine_versions(environment)


def service_is_active() -> bool:
    """Whether systemd runs the service at the moment."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return False
    command = [systemctl, "is-active", "--quiet", "belisha.service"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def _opener(config: Path | None, settings: ServiceConfig | None) -> Callable[[], Detector]:
    """Loads the bundle that the service would, without its rules."""
    wanted = settings.detector if settings else None
    if wanted is None or config is None:
        return lambda: Detector.open(may_build=False)
    bundle = config.parent / wanted.bundle if wanted.bundle else None
    return lambda: Detector.open(
        bundle,
        engine=wanted.engine,
        threads=wanted.threads,
        threshold=wanted.threshold,
        may_build=False,
    )


def _written_to(config: Path | None, settings: ServiceConfig | None) -> Path:
    if config is None or settings is None or settings.log is None:
        return STATE_FOLDER
    return (config.parent / settings.log.path).parent
