"""An engine that changes itself between two frames: to a better one once it is there, to a lesser
one when it fails. The frame at hand is always computed, and each change is announced in the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from belisha.boxes import FloatArray
from belisha.engines import Engine, EngineBuild, EngineInfo
from belisha.errors import BelishaError, EngineError
from belisha.frames import Image

LOG = logging.getLogger("belisha.engines")
_PATIENCE_S = 10.0
"""For a build to stop."""


class SwitchingEngine:
    """See `belisha.engines.Engine`.

    `news` is what changed since it was opened: (engine, what became of it).
    """

    def __init__(
        self,
        engine: Engine,
        *,
        spare: Callable[[], Engine | None],
        build: EngineBuild | None = None,
        build_name: str = "",
        prove: Callable[[Engine], str] = lambda engine: "",
    ) -> None:
        """Serve with `engine`, and begin to build a better one if there is a build.

        Args:
            engine: runs now.
            spare: opens what to use when the engine fails; nothing if there is no other.
            build: makes a better engine, in a thread.
            build_name: of the better engine.
            prove: says why the better engine must not be used; nothing if it may.
        """
        self._engine = engine
        self._spare = spare
        self._kept: Engine | None = None
        self._news: list[tuple[str, str]] = []
        self._background = _Background(build, build_name, prove) if build else None

    @property
    def info(self) -> EngineInfo:
        """Of the engine that will run the next frame."""
        return self._engine.info

    @property
    def news(self) -> tuple[tuple[str, str], ...]:
        """(engine, what became of it), in order."""
        return tuple(self._news)

    @property
    def building(self) -> str:
        """The engine that is being built, and how far it is; empty if none is."""
        return self._background.words if self._background else ""

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Engine.run`; a failure is raised only if no spare engine can do this frame."""
        self._look_for_better()
        try:
            return self._engine.run(network_input)
        except EngineError as error:
            return self._run_on_spare(network_input, error)

    def close(self) -> None:
        """See `Engine.close`; a build that goes on is stopped."""
        if self._background:
            unfinished = not self._background.done.is_set()
            self._background.stop()
            if unfinished:
                name = self._background.name
                LOG.warning(
                    "engine %s: not built in time; 'belisha engine build' does it once", name
                )
            self._background = None
        self._engine.close()
        if self._kept is not None:
            self._kept.close()

    def _look_for_better(self) -> None:
        """Take over what was built, if it is there: a look at a flag."""
        background = self._background
        if background is None or not background.done.is_set():
            return
        self._background = None
        if background.engine is None:
            self._announce(background.name, f"could not be built: {background.reason}")
            return
        self._kept, self._engine = self._engine, background.engine
        self._announce(background.name, f"built; it serves from now on: {self.info.device}")

    def _run_on_spare(self, network_input: Image, error: EngineError) -> Mapping[str, FloatArray]:
        failed, kept = self._engine, self._kept
        engine = kept or self._open_spare()
        if engine is None:
            raise error
        try:
            outputs = engine.run(network_input)
        except EngineError:
            if engine is not kept:
                self._kept = engine
            raise error from None
        self._engine, self._kept = engine, None
        self._announce(failed.info.name, f"failed: {error}; {engine.info.name} serves instead")
        failed.close()
        return outputs

    def _open_spare(self) -> Engine | None:
        try:
            return self._spare()
        except BelishaError as error:
            self._announce("spare", f"cannot be loaded: {error}")
            return None

    def _announce(self, name: str, what: str) -> None:
        self._news.append((name, what))
        LOG.warning("engine %s: %s", name, what)


class _Background:
    """A build in a thread; `done` is set when `engine` or `reason` is there."""

    def __init__(self, build: EngineBuild, name: str, prove: Callable[[Engine], str]) -> None:
        self.name = name
        self.done = threading.Event()
        self.engine: Engine | None = None
        self.reason = ""
        self._build, self._prove = build, prove
        self._stopped = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"build-{name}", daemon=True)
        self._thread.start()

    @property
    def words(self) -> str:
        """Name and progress."""
        progress = self._build.progress
        return f"{self.name}: {progress}" if progress else self.name

    def stop(self) -> None:
        """Give up; an engine that nobody took is closed."""
        with self._lock:
            self._stopped = True
        self._build.stop()
        self._thread.join(_PATIENCE_S)
        if self.engine is not None:
            self.engine.close()
            self.engine = None

    def _run(self) -> None:
        try:
            self._make()
        except BelishaError as error:
            self.reason = str(error)
        except Exception as error:  # a thread's failure must reach the log, not a dead stderr
            self.reason = f"{type(error).__name__}: {error}"
        self.done.set()

    def _make(self) -> None:
        engine = self._build.run()
        refusal = self._prove(engine)
        with self._lock:
            wanted = not refusal and not self._stopped
        if wanted:
            self.engine = engine
        else:
            engine.close()
            self.reason = refusal or "stopped"
