"""Engines that do as they are told, to try the choice between them."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.engines import EngineBuild, EngineInfo
from belisha.errors import EngineError, EngineNotBuiltError
from belisha.frames import Image


class ScriptedEngine:
    """Finds one person in the cell of its number; fails from a given frame on."""

    def __init__(self, name: str, cell: int = 0, fails_at: int | None = None) -> None:
        self.info = EngineInfo(name, "none", "nowhere", "float", 1)
        self.frames = 0
        self.closed = False
        self._cell, self._fails_at = cell, fails_at

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        if self._fails_at is not None and self.frames >= self._fails_at:
            raise EngineError(f"{self.info.name} lost its device")
        self.frames += 1
        scores = np.full((1, 48, 1), -9, np.float32)
        scores[0, self._cell, 0] = 9
        return {"scores": scores, "boxes": np.zeros((1, 48, 4), np.float32)}

    def close(self) -> None:
        self.closed = True


class ScriptedBuild:
    """A build that ends when the test says so."""

    progress = "kernel 3 of 40"

    def __init__(self, outcome: ScriptedEngine | EngineError) -> None:
        self._outcome = outcome
        self._may_end = threading.Event()
        self.stopped = False

    def run(self) -> ScriptedEngine:
        self._may_end.wait(10)
        if self.stopped:
            raise EngineError("the build was stopped")
        if isinstance(self._outcome, EngineError):
            raise self._outcome
        return self._outcome

    def end(self) -> None:
        self._may_end.set()

    def stop(self) -> None:
        self.stopped = True
        self._may_end.set()


class ScriptedKind:
    """A kind whose `load` gives an engine or raises, and whose `build` gives a build."""

    def __init__(
        self, name: str, outcome: ScriptedEngine | Exception, build: ScriptedBuild | None = None
    ) -> None:
        self.name = name
        self.loads = 0
        self._outcome, self._build = outcome, build

    def load(self, bundle: Bundle, threads: int | None) -> ScriptedEngine:
        self.loads += 1
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def build(self, bundle: Bundle, threads: int | None) -> EngineBuild:
        assert self._build is not None
        return self._build


def not_built(name: str, build: ScriptedBuild) -> ScriptedKind:
    """A kind that must be built first."""
    return ScriptedKind(name, EngineNotBuiltError("no engine for this machine"), build)
