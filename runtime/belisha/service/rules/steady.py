"""Decisions that do not flicker: a rule waits before it takes over, and then stays a while."""

from __future__ import annotations

import math

from belisha.service.rules.rulebook import Decision, Rules
from belisha.service.rules.signals import Signals


class SteadyRules:
    """`Rules` with a memory: `after_s` and `hold_s` of each rule are kept to.

    The first decision is taken at once. A later one takes over when its rule has been the first
    that applies for `after_s` without a break, and the one in force has been so for its `hold_s`.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._force: Decision | None = None
        self._wanted: Decision | None = None
        self._in_force_s = self._wanted_s = -math.inf

    def decide(self, signals: Signals, now_s: float) -> Decision:
        """What to do now; never fails.

        Args:
            signals: what is known.
            now_s: on a clock that never goes back, such as `time.monotonic`.
        """
        wanted = self.rules.decide(signals)
        if wanted is self._force:
            self._wanted = wanted
            return wanted
        if wanted is not self._wanted:
            self._wanted, self._wanted_s = wanted, now_s
        if self._force is None or (
            now_s - self._wanted_s >= wanted.after_s
            and now_s - self._in_force_s >= self._force.hold_s
        ):
            self._force, self._in_force_s = wanted, now_s
        return self._force
