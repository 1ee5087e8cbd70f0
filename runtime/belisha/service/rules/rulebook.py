"""The rules in force: signals in, a decision out, in a few microseconds.

    rules = Rules.open(Path("rules.yaml"))
    decision = rules.decide(Signals(light="night", customer="acme"))

The first rule whose condition holds, and whose bundle may be used by this customer here, decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from belisha.boxes import BoolArray, FloatArray
from belisha.documents import MAX_BYTES, convert, load_yaml, read_bounded
from belisha.service.rules.conditions import Certainty, Condition, holds
from belisha.service.rules.document import Action, RulesDocument
from belisha.service.rules.reading import ConditionReader, Place
from belisha.service.rules.signals import Signals
from belisha.service.rules.validity import assumed_values, refuse_invalid
from belisha.service.rules.zones import Zone, that_count

OTHERWISE = "otherwise"
"""The name under which the action without a rule appears."""
_MAX_SITUATIONS = 4096
"""Decisions that are remembered; a day's drive meets a few dozen situations."""


@dataclass(frozen=True)
class Decision:
    """What the rules want now. The same rule always gives the same object.

    Attributes:
        rule: the rule that decided, or `OTHERWISE`.
        bundle: name of the bundle to run.
        minimum_score: least score of a person; `None`: the bundle's own threshold.
        zones: where people count; everywhere if empty.
        ignored: where they do not.
        rate_hz: the most frames a second; `None`: as many as come.
        reason: for people.
        after_s, hold_s: how long the rule must have been first before it takes over, and how
            long it then stays at least; see `steady.SteadyRules`.
    """

    rule: str
    bundle: str
    minimum_score: float | None
    zones: tuple[Zone, ...]
    ignored: tuple[Zone, ...]
    rate_hz: float | None
    reason: str
    after_s: float
    hold_s: float

    def counts(
        self, xyxy: FloatArray, scores: FloatArray, width: int, height: int, threshold: float
    ) -> BoolArray:
        """(N,) which people count under this decision.

        Args:
            xyxy: (N, 4) boxes in pixels of the frame.
            scores: (N,) their scores.
            width: of the frame.
            height: of the frame.
            threshold: the bundle's own, for a decision without a minimum score.
        """
        least = threshold if self.minimum_score is None else self.minimum_score
        return that_count(
            xyxy,
            scores,
            (width, height),
            minimum_score=least,
            zones=self.zones,
            ignored=self.ignored,
        )


@dataclass(frozen=True)
class CompiledRule:
    """A rule on cells.

    Attributes:
        name: as in the file; `OTHERWISE` for the last.
        path: in the document.
        condition: its `when`.
        certainty: what an absent signal makes of it.
        allowed: who may use its bundle where.
        decision: what it wants.
    """

    name: str
    path: str
    condition: Condition
    certainty: Certainty
    allowed: Condition
    decision: Decision

    def applies(self, situation: tuple[int, ...]) -> bool:
        """Whether it may and wants to decide."""
        return holds(self.condition, situation, self.certainty) and holds(
            self.allowed, situation, "certain"
        )


class Rules:
    """A rules file, compiled.

    Attributes:
        document: as written.
        compiled: in order of rank, without `otherwise`.
        otherwise: what is decided without a rule.
        axes: signals that are asked for, cut into cells.
        assumed: axis -> the cell to take when the signal is absent.
        where: lines of the file.
    """

    def __init__(self, document: RulesDocument, where: Place, folder: Path) -> None:
        """Compile.

        Raises:
            ConfigError: a name is unknown or a value out of range; the message has the line.
        """
        refuse_invalid(document, where)
        reader = ConditionReader(document, where)
        self.document, self.where, self._folder = document, where, folder
        self.axes = reader.axes
        values = assumed_values(document, where)
        self.assumed = {
            index: axis.cell(values[axis.name])
            for index, axis in enumerate(self.axes)
            if axis.name in values
        }
        self._readers = [(axis.name, axis.cell) for axis in self.axes]
        self.compiled = tuple(
            CompiledRule(
                name=rule.name,
                path=f"$.rules[{index}]",
                condition=(when := reader.condition(rule.when, f"$.rules[{index}].when")),
                certainty="certain" if rule.if_absent == "skip" else "possible",
                allowed=reader.terms(document.bundles[rule.use], f"$.bundles.{rule.use}"),
                decision=self._decision(rule.name, rule, when.words, rule.after_s, rule.hold_s),
            )
            for index, rule in enumerate(document.rules)
        )
        self.otherwise = self._decision(OTHERWISE, document.otherwise, "no rule applies", None, 0.0)
        self._known: dict[tuple[int, ...], Decision] = {}
        self._last: tuple[Signals | None, Decision] = (None, self.otherwise)

    @staticmethod
    def open(path: Path) -> Rules:
        """Read a rules file.

        Raises:
            ConfigError: it is absent or wrong; the message has the line.
        """
        return Rules.parse(read_bounded(path, MAX_BYTES), str(path), path.parent)

    @staticmethod
    def parse(text: bytes | str, name: str, folder: Path = Path()) -> Rules:
        """Read rules from text; `name` stands for the file in messages, bundles lie in `folder`."""
        value, lines = load_yaml(text, name)
        document = convert(value, RulesDocument, name, lines)
        return Rules(document, Place(name, lines), folder)

    @property
    def bundles(self) -> dict[str, Path | None]:
        """Name -> file of every bundle that rules may name; `None` is the shipped champion."""
        return {
            name: self._folder / terms.file if terms.file else None
            for name, terms in self.document.bundles.items()
        }

    def decide(self, signals: Signals) -> Decision:
        """What to do now; never fails. Keep one `Signals` as long as nothing changes."""
        last, decision = self._last
        if signals is last:
            return decision
        situation = self.situation(signals)
        known = self._known.get(situation)
        if known is None:
            known = self._decide(situation)
            if len(self._known) >= _MAX_SITUATIONS:
                self._known.clear()
            self._known[situation] = known
        self._last = (signals, known)
        return known

    def situation(self, signals: Signals) -> tuple[int, ...]:
        """The cell of each axis."""
        cells = [cell(getattr(signals, name)) for name, cell in self._readers]
        for index, assumed in self.assumed.items():
            cells[index] = cells[index] or assumed
        return tuple(cells)

    def _decide(self, situation: tuple[int, ...]) -> Decision:
        for rule in self.compiled:
            if rule.applies(situation):
                return rule.decision
        return self.otherwise

    def _decision(
        self, name: str, action: Action, words: str, after_s: float | None, hold_s: float
    ) -> Decision:
        zones = {
            zone: Zone(zone, shape.polygon, shape.minimum_score)
            for zone, shape in self.document.zones.items()
        }
        return Decision(
            rule=name,
            bundle=action.use,
            minimum_score=action.minimum_score,
            zones=tuple(zones[zone] for zone in action.zones),
            ignored=tuple(zones[zone] for zone in action.ignore),
            rate_hz=action.rate_hz,
            reason=action.because or words,
            after_s=self.document.after_s if after_s is None else after_s,
            hold_s=hold_s,
        )
