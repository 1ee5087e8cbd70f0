"""The rules file as it is written: plain words, frozen; `compiled` makes decisions of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Words = str | tuple[str, ...]
Point = tuple[float, float]

FORMAT = 1


@dataclass(frozen=True)
class Range:
    """Limits of a number; all that are given must hold."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Span:
    """A part of the day, `since` included, `until` not; it may run over midnight."""

    since: str
    until: str


@dataclass(frozen=True)
class When:
    """A condition: everything that is given must hold. Signals are those of `signals.Signals`.

    Attributes:
        all_of, any_of, none_of: conditions of which all, at least one, or none must hold.
    """

    light: Words | None = None
    speed_kmh: Range | str | None = None
    temperature_c: Range | str | None = None
    throttled: bool | str | None = None
    missed_share: Range | str | None = None
    memory_free_mb: Range | str | None = None
    region: Words | None = None
    customer: Words | None = None
    day: Words | None = None
    time: Span | str | None = None
    all_of: tuple[When, ...] | None = None
    any_of: tuple[When, ...] | None = None
    none_of: tuple[When, ...] | None = None


@dataclass(frozen=True)
class Terms:
    """A bundle, and who may use it.

    Attributes:
        file: the bundle, beside the rules file; the shipped champion if left out.
        customers: who may use it; everybody if left out.
        regions: where it may be used; everywhere if left out.
    """

    file: str | None = None
    customers: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ZoneShape:
    """A part of the picture.

    Attributes:
        polygon: corners, x and y as fractions of the picture's width and height.
        minimum_score: least score in this zone; that of the rule if left out.
    """

    polygon: tuple[Point, ...]
    minimum_score: float | None = None


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a rule wants.

    Attributes:
        use: name of the bundle.
        minimum_score: least score of a person; the bundle's own threshold if left out.
        zones: people who stand elsewhere do not count; the whole picture if left out.
        ignore: people who stand there do not count, whatever `zones` says.
        rate_hz: the most frames a second; as many as come if left out.
        because: the reason that people read; the condition in words if left out.
    """

    use: str
    minimum_score: float | None = None
    zones: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rate_hz: float | None = None
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule(Action):
    """One rule: the first whose condition holds, and whose bundle is allowed, decides.

    Attributes:
        name: unlike any other.
        when: the condition.
        if_absent: what an answer is worth that hangs on an absent signal: `skip` passes the rule
            over, `apply` takes it as fulfilled.
        after_s: how long the rule must have been the first before it takes over.
        hold_s: how long it stays in force at least.
    """

    name: str
    when: When
    if_absent: Literal["skip", "apply"] = "skip"
    after_s: float | None = None
    hold_s: float = 0.0


@dataclass(frozen=True)
class Assumption:
    """What to take an absent signal for. Who and where is never assumed."""

    light: str | None = None
    speed_kmh: float | None = None
    temperature_c: float | None = None
    throttled: bool | None = None
    missed_share: float | None = None
    memory_free_mb: float | None = None
    day: str | None = None
    time: str | None = None


@dataclass(frozen=True, kw_only=True)
class RulesDocument:
    """A rules file.

    Attributes:
        format: of the file.
        bundles: name -> bundle and its terms.
        otherwise: what is done when no rule decides; its bundle must be open to everybody.
        rules: in order of rank.
        zones: name -> part of the picture.
        assume: what to take absent signals for.
        after_s: of rules that do not say their own.
    """

    format: Literal[1]
    bundles: dict[str, Terms]
    otherwise: Action
    rules: tuple[Rule, ...] = ()
    zones: dict[str, ZoneShape] = field(default_factory=dict)
    assume: Assumption = field(default_factory=Assumption)
    after_s: float = 1.0
