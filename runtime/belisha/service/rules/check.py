"""Proofs about a rules file: rules that can never apply, that contradict, that change nothing.

Every answer is exact: the file's vocabulary is closed, so all situations are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from belisha.service.rules.axes import ABSENT_BIT
from belisha.service.rules.conditions import Asked, Certainty, Condition, Joined, where
from belisha.service.rules.document import RulesDocument
from belisha.service.rules.rulebook import CompiledRule, Decision, Rules
from belisha.service.rules.situations import Situations, difference, intersection, union


@dataclass(frozen=True)
class Finding:
    """Something that its author should know.

    Attributes:
        level: an `error` is a rule, or a part of one, that can never do what it says.
        line: in the file.
        rule: name of the rule, or empty.
        message: what is wrong and what to do.
    """

    level: Literal["error", "warning"]
    line: int
    rule: str
    message: str


def check(rules: Rules) -> tuple[Finding, ...]:
    """All findings, in the order of their lines.

    Raises:
        ConfigError: the conditions are too intricate to be proven.
    """
    findings = [*_Proof(rules).findings(), *_unused(rules), *_files(rules)]
    return tuple(sorted(findings, key=lambda finding: finding.line))


def everything(rules: Rules) -> Situations:
    """All situations there are: one block. An assumed signal is never absent."""
    masks = [
        axis.full & ~(ABSENT_BIT if index in rules.assumed else 0)
        for index, axis in enumerate(rules.axes)
    ]
    return (tuple(masks),)


class _Proof:
    """Walks the rules in order and keeps what is left for later ones."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._everywhere = everything(rules)
        self._wanted = [
            where(rule.condition, self._everywhere, rule.certainty) for rule in rules.compiled
        ]
        self._applies = [
            intersection(wanted, where(rule.allowed, self._everywhere, "certain"))
            for rule, wanted in zip(rules.compiled, self._wanted, strict=True)
        ]

    def findings(self) -> Iterator[Finding]:
        left = self._everywhere
        for index, rule in enumerate(self._rules.compiled):
            reached = intersection(self._applies[index], left)
            if not self._wanted[index]:
                yield self._impossible(rule)
            elif not self._applies[index]:
                yield self._not_allowed(rule)
            elif not reached:
                yield self._unreachable(index)
            else:
                yield from self._parts(rule, rule.condition, self._everywhere, rule.certainty)
                if not self._changes_anything(index, reached):
                    yield self._finding(
                        "warning", rule, rule.path, "changes nothing: without it the same is done"
                    )
            left = difference(left, self._applies[index])

    def _finding(
        self, level: Literal["error", "warning"], rule: CompiledRule, path: str, message: str
    ) -> Finding:
        return Finding(level, self._rules.where.line(path), rule.name, f"{rule.name!r} {message}")

    def _impossible(self, rule: CompiledRule) -> Finding:
        culprit = _last_straw(rule.condition, self._everywhere, rule.certainty)
        message = f"contradicts itself: it can never be that {rule.condition.words}"
        return self._finding("error", rule, culprit, message)

    def _not_allowed(self, rule: CompiledRule) -> Finding:
        message = (
            f"can never apply: the bundle {rule.decision.bundle!r} may be used only where "
            f"{rule.allowed.words}, and the rule asks for something else"
        )
        return self._finding("error", rule, f"{rule.path}.use", message)

    def _unreachable(self, index: int) -> Finding:
        rule, applies = self._rules.compiled[index], self._applies[index]
        earlier = [other for other in range(index) if intersection(self._applies[other], applies)]
        for other in earlier:
            if not difference(applies, self._applies[other]):
                return self._finding("error", rule, rule.path, self._covered(index, other))
        names = ", ".join(self._named(other) for other in earlier)
        message = f"can never apply: together {names} apply wherever it does; move it up"
        return self._finding("error", rule, rule.path, message)

    def _covered(self, index: int, other: int) -> str:
        mine, first = (self._rules.compiled[one].decision for one in (index, other))
        if _effect(mine) == _effect(first):
            return f"can never apply: {self._named(other)} says the same of every such case"
        return (
            f"contradicts {self._named(other)}, which decides otherwise in every such case: "
            "it can never apply; move it up, or narrow the other"
        )

    def _named(self, index: int) -> str:
        rule = self._rules.compiled[index]
        return f"{rule.name!r} (line {self._rules.where.line(rule.path)})"

    def _changes_anything(self, index: int, reached: Situations) -> bool:
        """Whether anything else would be done in the situations that reach a rule."""
        mine = _effect(self._rules.compiled[index].decision)
        for later in range(index + 1, len(self._applies)):
            hit = intersection(reached, self._applies[later])
            if hit and _effect(self._rules.compiled[later].decision) != mine:
                return True
            reached = difference(reached, self._applies[later])
        return bool(reached) and _effect(self._rules.otherwise) != mine

    def _parts(
        self, rule: CompiledRule, condition: Condition, context: Situations, certainty: Certainty
    ) -> Iterator[Finding]:
        """Parts that never hold where they are asked, or that add nothing."""
        if isinstance(condition, Asked):
            axis = self._rules.axes[condition.axis]
            if condition.cells & axis.full == axis.full & ~ABSENT_BIT:
                message = f"asks for what is true of every {axis.name}: {condition.words}"
                yield self._finding("warning", rule, condition.path, message)
            return
        if condition.how == "none":
            return  # exceptions: one that never comes true does no harm
        each = [where(part, self._everywhere, certainty) for part in condition.parts]
        for index, part in enumerate(condition.parts):
            others = [*each[:index], *each[index + 1 :]]
            if condition.how == "any":
                yield from self._alternative(rule, part, each[index], others, context)
                yield from self._parts(rule, part, context, certainty)
            else:
                narrowed = context
                for other in others:
                    narrowed = intersection(narrowed, other)
                yield from self._parts(rule, part, narrowed, certainty)

    def _alternative(
        self,
        rule: CompiledRule,
        part: Condition,
        mine: Situations,
        others: Sequence[Situations],
        context: Situations,
    ) -> Iterator[Finding]:
        here = intersection(mine, context)
        if not here:
            message = f"has an alternative that can never hold: {part.words}"
            yield self._finding("error", rule, part.path, message)
        elif not difference(here, union(others)):
            message = f"has an alternative that the others cover: {part.words}"
            yield self._finding("warning", rule, part.path, message)


def _last_straw(condition: Condition, everywhere: Situations, certainty: Certainty) -> str:
    """The path of the part with which nothing is left."""
    if isinstance(condition, Joined) and condition.how == "all":
        left = everywhere
        for part in condition.parts:
            inside = where(part, everywhere, certainty)
            if not inside:
                return _last_straw(part, everywhere, certainty)
            left = intersection(left, inside)
            if not left:
                return part.path
    return condition.path


def _effect(decision: Decision) -> Decision:
    """What a decision does, without who says so, why and when."""
    return replace(decision, rule="", reason="", after_s=0.0, hold_s=0.0)


def _unused(rules: Rules) -> Iterator[Finding]:
    document, line = rules.document, rules.where.line
    for name in document.bundles.keys() - _used(document, "bundle"):
        yield Finding("warning", line(f"$.bundles.{name}"), "", f"no rule uses the bundle {name!r}")
    for name in document.zones.keys() - _used(document, "zone"):
        yield Finding("warning", line(f"$.zones.{name}"), "", f"no rule uses the zone {name!r}")
    asked = {axis.name for axis in rules.axes}
    for name, value in vars(document.assume).items():
        if value is not None and name not in asked:
            message = f"no rule asks for {name}, so nothing need be assumed of it"
            yield Finding("warning", line(f"$.assume.{name}"), "", message)


def _used(document: RulesDocument, kind: Literal["bundle", "zone"]) -> set[str]:
    actions = (document.otherwise, *document.rules)
    if kind == "bundle":
        return {action.use for action in actions}
    return {zone for action in actions for zone in (*action.zones, *action.ignore)}


def _files(rules: Rules) -> Iterator[Finding]:
    for name, path in rules.bundles.items():
        if path is not None and not path.is_file():
            line = rules.where.line(f"$.bundles.{name}.file")
            yield Finding("warning", line, "", f"{path}: no such bundle here")


def passed(findings: Sequence[Finding]) -> bool:
    """Whether nothing worse than a warning was found."""
    return all(finding.level != "error" for finding in findings)
