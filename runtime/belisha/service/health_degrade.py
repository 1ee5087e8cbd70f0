"""Doing less when the machine is not well, by rules with hysteresis, and saying so.

degrade:
  - name: hot
    signal: headroom_c
    below: 5          # degrees to the limit; begins after `after_s` below 5
    until: 12         # ends after `calm_s` at 12 or more
    bundle: small
    rate_hz: 10
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from belisha.errors import ConfigError
from belisha.service.health import HealthState

MISSED_SHARE = "missed_share"
"""Share of decisions that came too late, in the last seconds; the loop knows it."""
LEAST_HZ = 0.1
"""As in the rules: with fewer frames a second the service would be taken for dead."""
SIGNALS = (*(field.name for field in dataclasses.fields(HealthState)), MISSED_SHARE)


@dataclass(frozen=True, kw_only=True)
class DegradeRule:
    """When to do less, and what.

    Attributes:
        name: for the log and the page.
        signal: one of `SIGNALS`.
        below, above: it begins when the signal is below or above; exactly one of both.
        until: it ends when the signal is back at this value or better.
        after_s: how long the signal must be bad before it begins.
        calm_s: how long it must be good before it ends.
        bundle: name of the bundle to use meanwhile; the rules' own if absent.
        rate_hz: frames a second at most meanwhile; all if absent.
    """

    name: str
    signal: str
    until: float
    below: float | None = None
    above: float | None = None
    after_s: float = 5.0
    calm_s: float = 30.0
    bundle: str | None = None
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        if problem := self._problem():
            raise ValueError(f"degrade rule {self.name!r}: {problem}")

    def is_bad(self, value: float) -> bool:
        """Whether a value calls for the rule."""
        if self.below is not None:
            return value < self.below
        return self.above is not None and value > self.above

    def is_good(self, value: float) -> bool:
        """Whether a value lets the rule end."""
        return value >= self.until if self.below is not None else value <= self.until

    def _problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if self.signal not in SIGNALS:
            return f"unknown signal {self.signal!r}: known: {', '.join(SIGNALS)}"
        if (self.below is None) == (self.above is None):
            return "expected either 'below' or 'above'"
        if self.is_bad(self.until) or self.until in (self.below, self.above):
            return (
                f"'until' is {self.until:g}, which gives no room between begin and end: the device "
                "would go to and fro; put it beyond the threshold"
            )
        if self.bundle is None and self.rate_hz is None:
            return "expected a 'bundle' or a 'rate_hz': it would change nothing"
        if self.rate_hz is not None and not self.rate_hz >= LEAST_HZ:
            return f"expected a 'rate_hz' of at least {LEAST_HZ:g}, got {self.rate_hz:g}"
        if self.after_s < 0 or self.calm_s < 0:
            return "expected 'after_s' and 'calm_s' of 0 or more"
        return ""


@dataclass(frozen=True)
class Degradation:
    """What is to be done less.

    Attributes:
        active: names of the rules in force, in the order of the rules.
        bundle: what the first of them asks for; `None` leaves it to the business rules.
        rate_hz: the lowest that they ask for; `None` for all frames.
        said: sentences about what has just changed, for the log.
    """

    active: tuple[str, ...] = ()
    bundle: str | None = None
    rate_hz: float | None = None
    said: tuple[str, ...] = ()


@dataclass
class _Watch:
    """One rule's memory."""

    rule: DegradeRule
    active: bool = False
    since_s: float | None = None
    absent: bool | None = None


class Degrade:
    """Follows the signals, and says what is to be done less.

    A signal that is absent neither begins nor ends anything: a device that was hot before its
    sensor failed stays careful.
    """

    def __init__(self, rules: Sequence[DegradeRule]) -> None:
        names = [rule.name for rule in rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"degrade: the name {min(twice)!r} stands twice: rename one of them")
        self._watches = [_Watch(rule) for rule in rules]

    def update(
        self, state: HealthState, now_s: float, *, missed_share: float = math.nan
    ) -> Degradation:
        """Follow the signals; about once a second.

        Args:
            state: the machine's.
            now_s: on a clock that nobody sets.
            missed_share: share of decisions that came too late in the last seconds, if known.
        """
        signals = {**dataclasses.asdict(state), MISSED_SHARE: missed_share}
        said = [text for one in self._watches for text in _follow(one, signals, now_s)]
        active = [one.rule for one in self._watches if one.active]
        return Degradation(
            active=tuple(rule.name for rule in active),
            bundle=next((rule.bundle for rule in active if rule.bundle), None),
            rate_hz=min((rule.rate_hz for rule in active if rule.rate_hz), default=None),
            said=tuple(said),
        )


def _follow(watch: _Watch, signals: Mapping[str, float], now_s: float) -> list[str]:
    """One look at one rule; what is to be said about it."""
    rule = watch.rule
    value = signals[rule.signal]
    if math.isnan(value):
        watch.since_s = None
        return _absence(watch, True)
    said = _absence(watch, False)
    turning = rule.is_good(value) if watch.active else rule.is_bad(value)
    if not turning:
        watch.since_s = None
        return said
    watch.since_s = now_s if watch.since_s is None else watch.since_s
    if now_s - watch.since_s < (rule.calm_s if watch.active else rule.after_s):
        return said
    watch.active, watch.since_s = not watch.active, None
    return [*said, _turned(watch, value)]


def _absence(watch: _Watch, absent: bool) -> list[str]:
    """Said when a signal goes away or comes back, and once if it was never there."""
    before, watch.absent = watch.absent, absent
    if absent == (before or False):
        return []
    rule = watch.rule
    if not absent:
        return [f"{rule.name}: {rule.signal} is reported again"]
    state = "stays in force" if watch.active else "cannot begin"
    return [f"{rule.name} {state}: this machine does not report {rule.signal}"]


def _turned(watch: _Watch, value: float) -> str:
    rule = watch.rule
    if not watch.active:
        return f"{rule.name} ends: {rule.signal} is back at {value:.4g}"
    measures = [f"bundle {rule.bundle}"] * bool(rule.bundle)
    measures += [f"at most {rule.rate_hz or 0:g} frames a second"] * bool(rule.rate_hz)
    limit = f"below {rule.below:g}" if rule.below is not None else f"above {rule.above:g}"
    return f"{rule.name}: {rule.signal} is {value:.4g}, {limit}: {', '.join(measures)}"
