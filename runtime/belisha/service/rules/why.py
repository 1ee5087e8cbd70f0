"""Why the rules decide as they do: every rule's answer to the signals at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from belisha.service.rules.axes import ABSENT_CELL
from belisha.service.rules.conditions import Asked, Condition, holds
from belisha.service.rules.rulebook import CompiledRule, Decision, Rules
from belisha.service.rules.signals import QUANTITIES, Signals, clock_words

Verdict = Literal["decides", "too late", "not fulfilled", "unknown", "not allowed"]
"""`too late`: it would decide, but an earlier rule does; `unknown`: it hangs on absent signals."""


@dataclass(frozen=True)
class Answer:
    """What one rule says.

    Attributes:
        rule: its name.
        line: in the file.
        verdict: in a word.
        words: in a sentence; empty where the verdict says it all.
    """

    rule: str
    line: int
    verdict: Verdict
    words: str


@dataclass(frozen=True)
class Explanation:
    """A decision, and the answers of all rules in their order."""

    decision: Decision
    answers: tuple[Answer, ...]


def explain(rules: Rules, signals: Signals) -> Explanation:
    """The decision for some signals, and how it came to be."""
    situation = rules.situation(signals)
    decision = rules.decide(signals)
    answers = []
    taken = False
    for rule in rules.compiled:
        verdict, words = _answer(rules, rule, situation, signals)
        if verdict == "decides" and taken:
            verdict = "too late"
        taken = taken or verdict == "decides"
        answers.append(Answer(rule.name, rules.where.line(rule.path), verdict, words))
    return Explanation(decision, tuple(answers))


def _answer(
    rules: Rules, rule: CompiledRule, situation: tuple[int, ...], signals: Signals
) -> tuple[Verdict, str]:
    if not holds(rule.condition, situation, rule.certainty):
        words = _missing(rules, rule.condition, situation, signals)
        unknown = holds(rule.condition, situation, "possible")
        return ("unknown" if unknown else "not fulfilled"), words
    if not holds(rule.allowed, situation, "certain"):
        words = _missing(rules, rule.allowed, situation, signals)
        return "not allowed", f"bundle {rule.decision.bundle!r} is for others: {words}"
    return "decides", ""


def _missing(
    rules: Rules, condition: Condition, situation: tuple[int, ...], signals: Signals
) -> str:
    """The parts of an unfulfilled condition that keep it from holding."""
    if isinstance(condition, Asked):
        return f"{condition.words} ({_actual(rules, condition.axis, situation, signals)})"
    if condition.how == "none":
        broken = [part for part in condition.parts if holds(part, situation, "possible")]
        return f"none may be: {', '.join(part.words for part in broken)}"
    if condition.how == "any":
        return condition.words
    broken = [part for part in condition.parts if not holds(part, situation, "certain")]
    return "; ".join(_missing(rules, part, situation, signals) for part in broken)


def _actual(rules: Rules, axis: int, situation: tuple[int, ...], signals: Signals) -> str:
    """What a signal is, in words."""
    name = rules.axes[axis].name
    value = getattr(signals, name)
    if situation[axis] == ABSENT_CELL:
        return "it is absent" if value is None else f"{value} is no reading"
    if axis in rules.assumed and rules.axes[axis].cell(value) == ABSENT_CELL:
        return f"absent, assumed to be {getattr(rules.document.assume, name)}"
    return f"it is {signal_words(name, value)}"


def signal_words(name: str, value: object) -> str:
    """A signal's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "time" and isinstance(value, (int, float)):
        return clock_words(value)
    if name in QUANTITIES and isinstance(value, (int, float)):
        return QUANTITIES[name].words(value)
    return str(value)
