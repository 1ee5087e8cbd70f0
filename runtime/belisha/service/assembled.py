"""What the loop works with, made of a configuration; at a reload what is the same is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from belisha.cameras import Camera
from belisha.cameras.opening import open_source
from belisha.cameras.settings import CameraSettings
from belisha.detector import Detector
from belisha.errors import ConfigError
from belisha.service.car_signals import CarSignals
from belisha.service.config import ServiceConfig
from belisha.service.following import Following
from belisha.service.health_degrade import Degrade
from belisha.service.models import Models, ModelSource, OpenDetector
from belisha.service.newest_frame import LiveCamera
from belisha.service.outlets.sink import Outlets, open_outlets
from belisha.service.rules.check import check
from belisha.service.rules.rulebook import Rules
from belisha.service.rules.steady import SteadyRules
from belisha.service.steering import Steering
from belisha.service.telling import Say
from belisha.service.tracks import Tracker

OpenSource = Callable[[CameraSettings, Path], Camera]


def _utc() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class World:
    """What the service takes from outside; another one for rehearsals of what goes wrong there.

    Attributes:
        open_source: opens a camera.
        open_detector: loads a bundle.
        utc: the wall clock.
        monotonic: the clock by which seconds are summed up.
    """

    open_source: OpenSource = open_source
    open_detector: OpenDetector = Detector.open
    utc: Callable[[], datetime] = _utc
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, eq=False)
class Assembled:
    """What is made of a configuration, and made anew at a reload.

    Attributes:
        config: that it was made of.
        models: that are loaded.
        steering: chooses among them.
        following: makes people of boxes.
        camera, outlets, signals, degrade: as configured.
    """

    config: ServiceConfig
    models: Models
    steering: Steering
    following: Following
    camera: Camera
    outlets: Outlets
    signals: CarSignals
    degrade: Degrade

    def close(self, successor: Assembled | None = None) -> None:
        """Free what a successor does not use."""
        if successor is None or successor.camera is not self.camera:
            self.camera.close()
        self.outlets.close()
        if successor is None or successor.signals is not self.signals:
            self.signals.close()
        self.models.close(successor.models if successor else None)


class Assembler:
    """Makes the parts of one service.

    Args:
        folder: where relative paths begin.
        say: is told what happens to the parts.
        world: the real one, unless something is rehearsed.
    """

    def __init__(self, folder: Path, say: Say, world: World) -> None:
        self._folder, self._say, self._world = folder, say, world

    def make(self, config: ServiceConfig, before: Assembled | None = None) -> Assembled:
        """Make what a configuration asks for; keep what is the same.

        Raises:
            BelishaError: something cannot be had; everything made so far is closed.
        """
        rules = self._open_rules(config)
        degrade = Degrade(config.degrade)
        with ExitStack() as made:
            models = Models(
                self._sources(config, rules), self._say, before.models if before else None
            )
            made.callback(models.close, before.models if before else None)
            _refuse_unknown_bundles(config, models)
            steady = SteadyRules(rules) if rules else None
            steering = Steering(models, models.names[0], steady, self._say)
            if before is not None and before.config.signals == config.signals:
                signals = before.signals
            else:
                signals = CarSignals(config.signals, self._folder, self._say)
                made.callback(signals.close)
            outlets = open_outlets(config.sinks, config.name, self._folder, self._say)
            made.callback(outlets.close)
            camera = self._camera(config, before)
            made.pop_all()
        if before is not None:
            steering.take_over(before.steering)
            degrade = before.degrade if before.config.degrade == config.degrade else degrade
        following = self._following(config, before)
        return Assembled(config, models, steering, following, camera, outlets, signals, degrade)

    def _following(self, config: ServiceConfig, before: Assembled | None) -> Following:
        """Who follows people; the same one if nothing changed, so that they keep their numbers."""
        tracker = config.tracker
        if before is not None and before.following.is_as(tracker, config.camera.mounting):
            return before.following
        return Following(Tracker(tracker) if tracker else None, config.camera.mounting)

    def _camera(self, config: ServiceConfig, before: Assembled | None) -> Camera:
        """The camera; the one in use if it is the same."""
        settings = replace(config.camera, mounting=None)
        if before is not None and replace(before.config.camera, mounting=None) == settings:
            return before.camera
        if not settings.is_live:
            return self._world.open_source(settings, self._folder)
        return LiveCamera(
            settings, lambda: self._world.open_source(settings, self._folder), self._say
        )

    def _sources(self, config: ServiceConfig, rules: Rules | None) -> dict[str, ModelSource]:
        settings, load = replace(config.detector, bundle=None), self._world.open_detector
        if rules is not None:
            first = rules.otherwise.bundle
            bundles = sorted(rules.bundles.items(), key=lambda item: item[0] != first)
            return {name: ModelSource(path, settings, load) for name, path in bundles}
        bundle = config.detector.bundle
        path = self._folder / bundle if bundle else None
        return {path.stem if path else "champion": ModelSource(path, settings, load)}

    def _open_rules(self, config: ServiceConfig) -> Rules | None:
        """The rules; what `belisha rules check` finds is said, and forbids nothing."""
        if config.rules is None:
            return None
        rules = Rules.open(self._folder / config.rules)
        for finding in check(rules):
            self._say("rule", f"{config.rules}:{finding.line}: {finding.message}", "warning")
        return rules


def _refuse_unknown_bundles(config: ServiceConfig, models: Models) -> None:
    """Rules about the machine's health may name bundles too."""
    for rule in config.degrade:
        if rule.bundle is not None and rule.bundle not in models.names:
            raise ConfigError(
                f"degrade rule {rule.name!r}: expected a bundle of {', '.join(models.names)}; "
                f"got {rule.bundle!r}"
            )
