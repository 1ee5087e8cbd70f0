"""Where the service is put together, and kept together: start, reload, stop."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path

from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event, Stamp
from belisha.service.assembled import Assembled, Assembler, World
from belisha.service.closing import close_within
from belisha.service.config import ServiceConfig, read_config
from belisha.service.health import Health, HealthWatch
from belisha.service.ledger import Ledger
from belisha.service.loop import Loop, LoopReport, Parts
from belisha.service.monitor import Monitor
from belisha.service.newest_frame import LiveCamera
from belisha.service.page.page import Page
from belisha.service.page_sink import PageSink
from belisha.service.sinks import Sink
from belisha.service.status import Counts, Status
from belisha.service.systemd import Systemd
from belisha.service.telling import Level, Say, words_of

ENDING_S = 0.9
"""From `Service.stop` to the end of all, whatever hangs but the engine."""
_LEAST_S = 0.1
"""That the last things get, however late it is."""


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
        self._assembler = Assembler(self._folder, self._say, self._world)
        config = read_config(path)
        with ExitStack() as made:
            self._log = self._open_log(config)
            if self._log is not None:
                made.callback(self._log.close)
            self._now = self._assembler.make(config)
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
            **({"activity log": self._log.finish} if self._log else {}),
        }
        self._left_behind = close_within(self._left_s(), closings)
        self._loop.ending.lap("others")
        for text in self._left_behind:
            self._say_aloud("stop", text, "warning")
        laps = ", ".join(f"{name} {ms:.0f}" for name, ms in self.ending_ms.items())
        total_ms = sum(self.ending_ms.values())
        self._say_aloud("stop", f"ended {total_ms:.0f} ms after it was to stop: {laps}")

    def _left_s(self) -> float:
        """What is left of the time to end."""
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
            after = self._assembler.make(read_config(self._path), before)
            self._take_over(before, after)
        except Exception as error:  # whatever it is, it must be heard, and the loop goes on
            self._say("reload", f"the configuration in force stays: {words_of(error)}", "alarm")
        finally:
            if not self._ended:
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

    def _open_log(self, config: ServiceConfig) -> ActivityLog | None:
        if config.log is None:
            return None
        anchor = self._folder / config.log.anchor if config.log.anchor else None
        path = self._folder / config.log.path
        limit = round(config.log.limit_mb * 1e6)
        return ActivityLog(
            path,
            limit_bytes=limit,
            anchor=anchor,
            utc=self._world.utc,
            up_s=self._world.monotonic,
        )

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
