"""Where the service is put together, and kept together: start, reload, stop."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from belisha.cameras import Camera, Frame
from belisha.cameras.opening import open_source
from belisha.errors import BelishaError, EngineError, FrameError
from belisha.service.config import ServiceConfig, read_config
from belisha.service.loop import Loop, LoopReport, Parts
from belisha.service.models import Models, ModelSource
from belisha.service.newest_frame import LiveCamera
from belisha.service.results import Choice
from belisha.service.systemd import Systemd
from belisha.service.telling import Say

ONLY = "only"
"""Name of the bundle where rules name none."""


class OneBundle:
    """A chooser without rules."""

    def __init__(self, models: Models, name: str = ONLY) -> None:
        self._models, self._name = models, name

    def choose(self, frame: Frame) -> Choice:
        """See `Chooser.choose`."""
        name, detector = self._models.pick(self._name)
        if detector is None:
            raise FrameError("no detector is loaded at the moment")
        return Choice(detector, name)

    def failed(self, choice: Choice, error: EngineError) -> None:
        """See `Chooser.failed`."""
        self._models.broke(choice.name, error)


class Service:
    """The service of one configuration file.

    Args:
        path: of the file.
        say: gets every sentence about what happens.
        systemd: is told how it goes.

    Raises:
        BelishaError: the configuration is wrong, or a bundle cannot be loaded.
    """

    def __init__(self, path: Path, say: Say, systemd: Systemd) -> None:
        self._path, self._say, self._systemd = path, say, systemd
        self._config = read_config(path)
        self._models = Models(self._sources(self._config), say)
        self._loop = Loop(self._parts(self._config, self._models), self._turned, warm=True)
        self._processed = 0
        self._wanted = self._ended = False
        self._reloading: threading.Thread | None = None

    def run(self) -> LoopReport:
        """Serve until the camera ends or `stop` is called."""
        self._say("start", f"{self._config.name or 'belisha'} watches {self._config.camera.words}")
        self._systemd.ready()
        try:
            return self._loop.run()
        finally:
            self._ended = True
            self._systemd.stopping()
            self._models.close()
            self._say("stop", f"stopped after {self._loop.ledger.processed} frames")

    def stop(self) -> None:
        """End after the frame under way; may be called from a signal handler."""
        self._loop.stop()

    def reload(self) -> None:
        """Read the configuration again soon; may be called from a signal handler."""
        self._wanted = True

    @property
    def hangs(self) -> bool:
        """Whether a driver still holds a thread, after `run`."""
        camera = self._loop.parts.camera
        return isinstance(camera, LiveCamera) and camera.hangs

    def _turned(self) -> None:
        """After each turn of the loop, with a frame or without."""
        if self._loop.ledger.processed != self._processed:
            self._processed = self._loop.ledger.processed
            self._systemd.alive()
        if self._wanted and self._reloading is None:
            self._wanted = False
            self._reloading = threading.Thread(target=self._reload, name="reload", daemon=True)
            self._reloading.start()

    def _reload(self) -> None:
        """Prepare everything beside the running loop, then exchange; or say why not."""
        self._systemd.reloading()
        try:
            config = read_config(self._path)
            models = Models(self._sources(config), self._say, self._models)
            parts = self._parts(config, models)
        except BelishaError as error:
            self._say("reload", f"the configuration in force stays: {error}", "alarm")
        else:
            self._loop.exchange(parts)
            while self._loop.parts is not parts and not self._ended:
                time.sleep(0.01)
            self._models.close(models)
            self._config, self._models = config, models
            self._say("reload", f"{self._path} was read again")
        self._systemd.ready()
        self._reloading = None

    def _parts(self, config: ServiceConfig, models: Models) -> Parts:
        return Parts(
            camera=self._camera(config),
            chooser=OneBundle(models),
            deadline_ms=config.deadline_ms,
        )

    def _camera(self, config: ServiceConfig) -> Camera:
        """The camera; the one in use if it is the same."""
        folder = self._path.parent
        loop = getattr(self, "_loop", None)
        if loop is not None and config.camera == self._config.camera:
            return loop.parts.camera
        if not config.camera.is_live:
            return open_source(config.camera, folder)
        return LiveCamera(config.camera, lambda: open_source(config.camera, folder), self._say)

    def _sources(self, config: ServiceConfig) -> dict[str, ModelSource]:
        detector = config.detector
        path = self._path.parent / detector.bundle if detector.bundle else None
        return {ONLY: ModelSource(path, replace(detector, bundle=None))}
