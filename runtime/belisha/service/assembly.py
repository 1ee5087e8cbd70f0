"""Where the service is put together, and kept together: start, reload, stop."""

from __future__ import annotations

import threading
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
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event, Stamp
from belisha.service.car_signals import CarSignals
from belisha.service.closing import close_within
from belisha.service.config import ServiceConfig, read_config
from belisha.service.following import Following
from belisha.service.health import Health, HealthWatch
from belisha.service.health_degrade import Degrade
from belisha.service.ledger import Ledger
from belisha.service.loop import Loop, LoopReport, Parts
from belisha.service.models import Models, ModelSource, OpenDetector
from belisha.service.monitor import Monitor
from belisha.service.newest_frame import LiveCamera
from belisha.service.outlets.sink import Outlets, open_outlets
from belisha.service.page.page import Page
from belisha.service.page_sink import PageSink
from belisha.service.rules.check import check
from belisha.service.rules.rulebook import Rules
from belisha.service.rules.steady import SteadyRules
from belisha.service.sinks import Sink
from belisha.service.status import Counts, Status
from belisha.service.steering import Steering
from belisha.service.systemd import Systemd
from belisha.service.telling import Level, Say, words_of
from belisha.service.tracks import Tracker

OpenSource = Callable[[CameraSettings, Path], Camera]
ENDING_S = 0.9
"""From `Service.stop` to the end of all, whatever hangs but the engine."""
_LEAST_S = 0.05
"""That each of the last things gets, however late it is."""


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


class Service:
    """The service of one configuration file.

    Args:
        path: of the file.
        say: gets every sentence about what happens.
        systemd: is told how it goes.
        world: the real one, unless something is rehearsed.

    Raises:
        BelishaError: the configuration is wrong, or a bundle cannot be loaded.
    """

    def __init__(self, path: Path, say: Say, systemd: Systemd, world: World | None = None) -> None:
        self._world = world or World()
        self._path, self._folder, self._systemd = path, path.parent, systemd
        self._say_aloud = say
        config = read_config(path)
        with ExitStack() as made:
            self._log = self._open_log(config)
            if self._log is not None:
                made.callback(self._log.close)
            self._now = self._assemble(config, None)
            made.callback(self._now.close)
            health_disk = self._log.path.parent if self._log else None
            self._health = HealthWatch(Health(disk=health_disk).read)
            made.callback(self._health.close)
            self._loop = Loop(self._parts(self._now, ()), self._turned, warm=True)
            self._monitor = self._new_monitor(config.name)
            self._watch(self._now)
            self._page = self._open_page(config)
            made.pop_all()
        page = (PageSink(self._page),) if self._page else ()
        self._fixed: tuple[Sink, ...] = (self._monitor, *page)
        self._loop.parts = self._parts(self._now, self._fixed)
        self._processed = 0
        self._wanted = self._ended = False
        self._reloading: threading.Thread | None = None
        self._changing = threading.Lock()
        self._left_behind: tuple[str, ...] = ()

    def run(self) -> LoopReport:
        """Serve until the camera ends or `stop` is called."""
        config = self._now.config
        self._say("start", f"{config.name or 'belisha'} watches {config.camera.words}")
        if self._page is not None:
            self._page.start()
            self._say("start", f"the page is at {self._page.url}")
            for warning in self._page.warnings:
                self._say("access", warning, "warning")
        self._systemd.ready()
        try:
            return self._loop.run()
        finally:
            with self._changing:
                self._ended = True
            self._systemd.stopping()
            self._close()

    def stop(self) -> None:
        """End after the frame under way; may be called from a signal handler."""
        self._loop.stop()

    def reload(self) -> None:
        """Read the configuration again soon; may be called from a signal handler."""
        self._wanted = True

    @property
    def status(self) -> Status:
        """What is going on; may be asked from any thread."""
        return self._monitor.status()

    @property
    def ledger(self) -> Ledger:
        """What the loop has counted and timed."""
        return self._loop.ledger

    @property
    def counts(self) -> Counts:
        """Frames since the start."""
        return self._monitor.counts

    @property
    def given_up(self) -> dict[str, int]:
        """Outlet -> messages that could not leave by it."""
        return self._now.outlets.dropped

    @property
    def log_events(self) -> list[tuple[Stamp, Event]]:
        """The newest events of the log, the oldest first; none without a log."""
        return self._log.recent_events() if self._log else []

    @property
    def hangs(self) -> bool:
        """Whether something did not end with `run`, such as a thread in a driver."""
        camera = self._loop.parts.camera
        return bool(self._left_behind) or (isinstance(camera, LiveCamera) and camera.hangs)

    @property
    def ending_ms(self) -> dict[str, float]:
        """Where the time went from `stop` to the end of `run`, in milliseconds."""
        return dict(self._loop.ending.turn_ms)

    def _close(self) -> None:
        """What the loop does not close, in what is left of the time."""
        self._say("stop", f"stopped after {self._loop.ledger.processed} frames")
        closings = {
            "health": self._health.close,
            "signals": self._now.signals.close,
            "models": self._now.models.close,
            **({"page": self._page.close} if self._page else {}),
        }
        self._left_behind = close_within(self._left_s(), closings)
        for text in self._left_behind:
            self._say("stop", text, "warning")
        self._loop.ending.lap("others")
        if self._log is not None and not self._log.close(self._left_s()):
            self._say_aloud("stop", "the end of the activity log could not be written", "warning")
        self._loop.ending.lap("log")
        laps = ", ".join(f"{name} {ms:.0f}" for name, ms in self.ending_ms.items())
        total_ms = sum(self.ending_ms.values())
        self._say_aloud("stop", f"ended {total_ms:.0f} ms after it was to stop: {laps}")

    def _left_s(self) -> float:
        """What is left for the end."""
        return max(ENDING_S - self._loop.ending.since_start_ms() / 1e3, _LEAST_S)

    def _turned(self) -> None:
        """After each turn of the loop, with a frame or without."""
        processed = self._loop.ledger.processed
        if processed != self._processed:
            self._processed = processed
            self._systemd.alive()
        if self._monitor.turned():
            self._systemd.status(self._monitor.words)
        if self._wanted and self._reloading is None:
            self._wanted = False
            self._reloading = threading.Thread(target=self._reload, name="reload", daemon=True)
            self._reloading.start()

    def _reload(self) -> None:
        """Prepare everything beside the running loop, then exchange; or say why not."""
        self._systemd.reloading()
        before = self._now
        try:
            after = self._assemble(read_config(self._path), before)
            self._take_over(before, after)
        except Exception as error:  # whatever it is, it must be heard, and the loop goes on
            self._say("reload", f"the configuration in force stays: {words_of(error)}", "alarm")
        finally:
            self._systemd.ready()
            self._reloading = None

    def _take_over(self, before: Assembled, after: Assembled) -> None:
        parts = self._parts(after, self._fixed)
        self._loop.exchange(parts)
        while self._loop.parts is not parts and not self._ended:
            time.sleep(0.005)
        with self._changing:
            late = self._ended
            if not late:
                self._now = after
                self._watch(after)
        if late:  # whoever ends the service does not know the new parts
            after.close(before)
            return
        before.close(after)
        self._say("reload", f"{self._path} was read again")
        for name in ("name", "log", "page", "feedback"):
            if getattr(before.config, name) != getattr(after.config, name):
                self._say("reload", f"what changed under '{name}' waits for a restart", "warning")

    def _assemble(self, config: ServiceConfig, before: Assembled | None) -> Assembled:
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
        following = self._following(config, models, before)
        return Assembled(config, models, steering, following, camera, outlets, signals, degrade)

    def _following(
        self, config: ServiceConfig, models: Models, before: Assembled | None
    ) -> Following:
        """Who follows people; the same one if nothing changed, so that they keep their numbers."""
        tracker = config.tracker
        if tracker is not None:
            tracker = replace(tracker, high_score=min(tracker.high_score, models.least_threshold))
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

    def _parts(self, now: Assembled, fixed: tuple[Sink, ...]) -> Parts:
        config = now.config
        return Parts(
            camera=now.camera,
            chooser=now.steering,
            sinks=(now.outlets, *fixed),
            following=now.following,
            mounting=config.camera.mounting,
            deadline_ms=config.deadline_ms,
        )

    def _new_monitor(self, name: str) -> Monitor:
        health, clock = self._health, self._world.monotonic
        ledger = self._loop.ledger
        return Monitor(name, ledger, lambda: health.latest, self._log, self._say, clock)

    def _watch(self, now: Assembled) -> None:
        """Let the monitor look after what is in use."""
        monitor = self._monitor
        monitor.steering, monitor.signals, monitor.degrade = now.steering, now.signals, now.degrade
        monitor.outlets, monitor.camera = now.outlets, now.camera
        monitor.begin()

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

    def _open_log(self, config: ServiceConfig) -> ActivityLog | None:
        if config.log is None:
            return None
        anchor = self._folder / config.log.anchor if config.log.anchor else None
        path = self._folder / config.log.path
        limit = round(config.log.limit_mb * 1e6)
        return ActivityLog(path, limit_bytes=limit, anchor=anchor, utc=self._world.utc)

    def _open_page(self, config: ServiceConfig) -> Page | None:
        if config.page is None:
            return None
        return Page(
            config.page,
            self._monitor.status,
            log=self._log,
            feedback=self._folder / config.feedback if config.feedback else None,
            switch=lambda name: self._now.steering.pin(name),
        )

    def _say(self, name: str, text: str, level: Level = "info") -> None:
        """Say it aloud, and write it into the log."""
        self._say_aloud(name, text, level)
        if self._log is not None:
            self._log.add_event(Event(name=name, text=text, level=level))


def _refuse_unknown_bundles(config: ServiceConfig, models: Models) -> None:
    """Rules about the machine's health may name bundles too."""
    for rule in config.degrade:
        if rule.bundle is not None and rule.bundle not in models.names:
            raise ConfigError(
                f"degrade rule {rule.name!r}: expected a bundle of {', '.join(models.names)}; "
                f"got {rule.bundle!r}"
            )
