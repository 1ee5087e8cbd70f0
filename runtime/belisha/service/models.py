"""The detectors that are loaded: warm, switched between two frames, mended when they break."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from belisha import champion
from belisha.bundle import Bundle
from belisha.detector import Detector, DetectorInfo
from belisha.errors import BelishaError
from belisha.service.telling import Say, words_of

_WARM_UP_FRAMES = 3
_WARM_UP_SHAPE = (480, 640, 3)
_PAUSES_S = (0.1, 30.0)
"""Before a broken detector is loaded again: the first pause, and the longest."""


class OpenDetector(Protocol):
    """Opens a detector as `Detector.open` does."""

    def __call__(
        self,
        bundle: Path | str | None = None,
        *,
        engine: str | None = None,
        threads: int | None = None,
        threshold: float | None = None,
    ) -> Detector:
        """See `Detector.open`."""
        ...


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """What finds people.

    Attributes:
        bundle: file; the shipped champion if absent. Not with rules, which name theirs.
        engine: name of the engine; the best that works if absent.
        threads: processor threads; all that there are if absent.
        threshold: least score to report; the bundle's own if absent.
    """

    bundle: str | None = None
    engine: str | None = None
    threads: int | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class ModelSource:
    """From what a detector is loaded.

    Attributes:
        path: of the bundle; the shipped champion if `None`.
        settings: how it is run; their `bundle` is not looked at.
        load: opens it; another one in rehearsals.
    """

    path: Path | None
    settings: DetectorSettings
    load: OpenDetector = Detector.open

    def open(self) -> Detector:
        """Load it and let it run, so that its first real frame takes no longer than others.

        Raises:
            BundleError: the bundle is refused.
            EngineError: no engine can run it.
            UsageError: a setting is wrong.
        """
        settings = self.settings
        detector = self.load(
            self.path,
            engine=settings.engine,
            threads=settings.threads,
            threshold=settings.threshold,
        )
        try:
            for _ in range(_WARM_UP_FRAMES):
                detector(np.full(_WARM_UP_SHAPE, 128, np.uint8))
        except BaseException:
            detector.close()
            raise
        return detector


class Models:
    """Loaded detectors by name; the first is used where another is broken.

    Args:
        sources: name -> from what it is loaded.
        say: is told of fallbacks, of detectors that break and that are back.
        before: what was loaded until now; detectors of the same bundle and settings are kept.

    Raises:
        BelishaError: one cannot be loaded.
    """

    def __init__(
        self, sources: Mapping[str, ModelSource], say: Say, before: Models | None = None
    ) -> None:
        self._sources, self._say = dict(sources), say
        self._closing = threading.Event()
        self._changing = threading.Lock()
        kept = before._by_identity() if before else {}
        self._loaded: dict[str, Detector] = {}
        try:
            for name, source in sources.items():
                known = kept.get((name, _digest(source), source.settings)) if kept else None
                self._loaded[name] = known or self._open(name)
        except BaseException:
            self.close(before)
            raise

    @property
    def names(self) -> tuple[str, ...]:
        """Of all detectors, the broken ones included."""
        return tuple(self._sources)

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of those that failed and are not back yet."""
        return tuple(name for name in self._sources if name not in self._loaded)

    @property
    def infos(self) -> dict[str, DetectorInfo]:
        """Name -> what each loaded detector is made of now."""
        return {name: detector.info for name, detector in self._loaded.items()}

    def pick(self, name: str) -> tuple[str, Detector | None]:
        """A detector and its name: the one that was asked for, or another while it is broken."""
        loaded = self._loaded
        if name in loaded or not loaded:
            return name, loaded.get(name)
        return next(iter(loaded.items()))

    def broke(self, name: str, error: BelishaError) -> None:
        """A detector failed: it is not used until it has been loaded again, in the background."""
        with self._changing:
            loaded = dict(self._loaded)
            broken = loaded.pop(name, None)
            if broken is None:
                return
            self._loaded = loaded  # whoever looks at the old one may go on
        other = f"{next(iter(loaded))} decides meanwhile" if loaded else "there is no other"
        self._say("engine", f"{name} failed and is loaded again; {other}: {error}", "alarm")
        threading.Thread(
            target=self._mend, args=(name, broken), name=f"load {name}", daemon=True
        ).start()

    def close(self, successor: Models | None = None) -> None:
        """Free all detectors that a successor does not use."""
        with self._changing:
            self._closing.set()
        used = {id(one) for one in successor._loaded.values()} if successor else set()
        for detector in self._loaded.values():
            if id(detector) not in used:
                detector.close()

    def _open(self, name: str) -> Detector:
        detector = self._sources[name].open()
        info = detector.info
        self._say(
            "bundle",
            f"{name}: {info.name} {info.digest[:12]} runs on {info.engine.library}, "
            f"{info.engine.device}, {info.engine.flavour}",
        )
        for engine, reason in info.passed_over:
            self._say("fallback", f"{name}: {engine} could not be used: {reason}", "warning")
        return detector

    def _mend(self, name: str, broken: Detector) -> None:
        broken.close()
        pause_s = _PAUSES_S[0]
        while not self._closing.wait(pause_s):
            pause_s = min(2 * pause_s, _PAUSES_S[1])
            try:
                detector = self._open(name)
            except Exception as error:  # whatever it is, the next try may go better
                words = f"{name} still cannot be loaded: {words_of(error)}"
                self._say("engine", words, "warning")
                continue
            if self._taken_back(name, detector):
                self._say("engine", f"{name} works again")
            return

    def _taken_back(self, name: str, detector: Detector) -> bool:
        """Whether a mended detector is used again; not if all has ended in the meantime."""
        with self._changing:
            ended = self._closing.is_set()
            if not ended:
                # In the order of the sources, so that the first is again the one to fall back on.
                loaded = {**self._loaded, name: detector}
                self._loaded = {one: loaded[one] for one in self._sources if one in loaded}
        if ended:
            detector.close()
        return not ended

    def _by_identity(self) -> dict[tuple[str, str, DetectorSettings], Detector]:
        return {
            (name, detector.bundle.digest, self._sources[name].settings): detector
            for name, detector in self._loaded.items()
        }


def _digest(source: ModelSource) -> str:
    return Bundle.open(source.path or champion.BUNDLE).digest
