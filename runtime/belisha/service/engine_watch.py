"""Which engine runs each model, and what became of it since: the one source for all who tell of it.

A detector changes its engine by itself: to a better one that was built in the background, and to a
lesser one when it fails. One that broke down altogether may come back on another engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from belisha.detector import DetectorInfo
from belisha.service.telling import Say


@dataclass(frozen=True)
class EngineSwitch:
    """A model went on with another engine, without being told to.

    Attributes:
        bundle: name of the model.
        before, after: names of the engines.
        reason: why, in words.
        up_s: when it was noticed, in seconds since the start of the service.
    """

    bundle: str
    before: str
    after: str
    reason: str
    up_s: float


@dataclass(frozen=True)
class EngineHistory:
    """What became of the engines since the start.

    Attributes:
        switches: how many there were.
        last: the last of them.
    """

    switches: int = 0
    last: EngineSwitch | None = None


class EngineWatch:
    """Follows the engines of all loaded models; one thread looks, any may read `history`.

    Args:
        say: is told of every change.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._known: dict[str, DetectorInfo] = {}
        self.history = EngineHistory()

    def begin(self, loaded: Mapping[str, DetectorInfo]) -> None:
        """Take these as what was asked for: what was loaded is said by whoever loaded it."""
        self._known = dict(loaded)

    def look(self, loaded: Mapping[str, DetectorInfo], up_s: float) -> None:
        """Compare with the last look, and say what is new.

        Args:
            loaded: name of each model -> what its detector is made of.
            up_s: seconds since the start of the service.
        """
        for name, info in loaded.items():
            before = self._known.get(name)
            self._known[name] = info
            if before is not None and before.digest == info.digest:
                self._compare(name, before, info, up_s)

    def _compare(self, name: str, before: DetectorInfo, now: DetectorInfo, up_s: float) -> None:
        news = _news(before, now)
        for engine, what in news:
            self._say("fallback", f"{name}: {engine}: {what}", "warning")
        if now.engine != before.engine:
            reason = "; ".join(f"{engine}: {what}" for engine, what in news)
            switch = EngineSwitch(
                name, before.engine.name, now.engine.name, reason or "it was loaded again", up_s
            )
            self.history = EngineHistory(self.history.switches + 1, switch)
            self._say("engine", f"{name} runs on {engine_words(now)} now, not on {switch.before}")
        elif now.building and not before.building:
            self._say("engine", f"{name}: {now.building} is being built beside")


def engine_words(info: DetectorInfo) -> str:
    """What runs a detector."""
    engine = info.engine
    building = f"; {info.building} is being built" if info.building else ""
    return (
        f"{engine.library} on {engine.device}, {engine.flavour}, {engine.threads} threads{building}"
    )


def fallbacks(info: DetectorInfo) -> tuple[str, ...]:
    """A sentence for each engine that should serve and does not, with the last that is known."""
    known = {name: reason for name, reason in info.passed_over if name != info.engine.name}
    return tuple(f"{name} is not used: {reason}" for name, reason in known.items())


def _news(before: DetectorInfo, now: DetectorInfo) -> tuple[tuple[str, str], ...]:
    """What is told of engines now and was not; a detector that was loaded again begins anew."""
    told = len(before.passed_over)
    goes_on = now.passed_over[:told] == before.passed_over
    return now.passed_over[told:] if goes_on else now.passed_over
