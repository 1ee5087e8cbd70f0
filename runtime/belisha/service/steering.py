"""Which detector looks at the next frame: by hand, else by the machine's health, else by rule."""

from __future__ import annotations

import time

from belisha.cameras import Frame
from belisha.detector import Detector
from belisha.errors import EngineError, FrameError, UsageError
from belisha.service.health_degrade import Degradation
from belisha.service.models import Models
from belisha.service.results import Choice
from belisha.service.rules.rulebook import Decision
from belisha.service.rules.signals import Signals
from belisha.service.rules.steady import SteadyRules
from belisha.service.telling import Say


class Steering:
    """A chooser among loaded detectors; see `belisha.service.loop.Chooser`.

    Args:
        models: what is loaded.
        name: of the detector to use where no rule names one.
        rules: name one for the signals of the moment.
        say: is told of every change.

    Attributes:
        signals: of the moment; whoever knows better replaces them.
        degradation: what is to be done less at the moment.
        choice: the last one; `None` before the first frame.
    """

    def __init__(self, models: Models, name: str, rules: SteadyRules | None, say: Say) -> None:
        self.models, self.rules = models, rules
        self.signals, self.degradation = Signals(), Degradation()
        self.choice: Choice | None = None
        self._name, self._say = name, say
        self._pinned: str | None = None
        self._key: tuple[Detector, Decision | None, str, float | None] | None = None

    @property
    def pinned(self) -> str | None:
        """The detector that a person wants, whatever the rules say."""
        return self._pinned

    @property
    def words(self) -> tuple[str, ...]:
        """Every rule in words, in order."""
        if self.rules is None:
            return ()
        rules = self.rules.rules
        decisions = [*(rule.decision for rule in rules.compiled), rules.otherwise]
        return tuple(f"{one.rule}: {one.bundle}, {one.reason}" for one in decisions)

    def pin(self, name: str | None) -> str:
        """Use a detector by hand, or leave it to the rules again.

        Returns:
            What was done, in words.

        Raises:
            UsageError: there is none of that name.
        """
        if name is not None and name not in self.models.names:
            raise UsageError(f"expected a bundle of {', '.join(self.models.names)}; got {name!r}")
        self._pinned = name
        return "the rules choose again" if name is None else f"{name} is used, whatever rules say"

    def take_over(self, before: Steering) -> None:
        """Go on with what a predecessor knew, so that a reload changes nothing by itself."""
        self.signals, self.degradation = before.signals, before.degradation
        if before.pinned in self.models.names:
            self._pinned = before.pinned

    def choose(self, frame: Frame) -> Choice:
        """See `Chooser.choose`."""
        decision = self.rules.decide(self.signals, time.monotonic()) if self.rules else None
        wanted, reason = self._wanted(decision)
        name, detector = self.models.pick(wanted)
        if detector is None:
            raise FrameError("no detector is loaded at the moment")
        if name != wanted:
            reason = f"{wanted} cannot be used at the moment"
        key = (detector, decision, reason, self._rate_hz(decision))
        if self.choice is None or key != self._key:
            self._key = key
            pinned = self._pinned is not None
            return self._change(Choice(detector, name, key[3], decision, reason, pinned))
        return self.choice

    def failed(self, choice: Choice, error: EngineError) -> None:
        """See `Chooser.failed`."""
        self.models.broke(choice.name, error)

    def _wanted(self, decision: Decision | None) -> tuple[str, str]:
        """Name of the detector to use, and why."""
        if self._pinned is not None:
            return self._pinned, "chosen by hand"
        if self.degradation.bundle is not None:
            return self.degradation.bundle, f"to spare the machine: {self.degradation.active[0]}"
        if decision is not None:
            return decision.bundle, decision.reason
        return self._name, ""

    def _rate_hz(self, decision: Decision | None) -> float | None:
        rates = [self.degradation.rate_hz, decision.rate_hz if decision else None]
        return min((rate for rate in rates if rate is not None), default=None)

    def _change(self, choice: Choice) -> Choice:
        """Use another choice from now on, and say so if people would notice."""
        before, self.choice = self.choice, choice
        if before is None or (before.name, before.rule) != (choice.name, choice.rule):
            rule = f" by rule {choice.rule}" if choice.rule else ""
            reason = f": {choice.reason}" if choice.reason else ""
            self._say("rule", f"{choice.name} decides{rule}{reason}")
        return choice
