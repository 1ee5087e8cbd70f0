"""Say what a rules file decides for some signals, and why: the answer of every rule.

Examples:
  belisha rules why rules.yaml light=night customer=acme speed_kmh=62
  belisha rules why rules.yaml day=mon time=07:45 region=DE-BY throttled=yes
  belisha rules why rules.yaml                    # every signal absent
  belisha rules why rules.yaml light=dusk --json

Signals that are not given are absent. Known: light (day, dusk, night), speed_kmh, temperature_c,
throttled (yes, no), missed_share, memory_free_mb, region, customer, day (mon to sun), time.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from belisha.service.rules.rulebook import OTHERWISE, Decision, Rules
from belisha.service.rules.signals import NAMES, Signals, parse_signals
from belisha.service.rules.why import Answer, explain, signal_words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="RULES.yaml", help="the rules")
    parser.add_argument("signal", nargs="*", metavar="NAME=VALUE", help="what is known")


def run(arguments: argparse.Namespace) -> Outcome:
    """Decide, explain."""
    signals = parse_signals(_pairs(arguments.signal))
    explanation = explain(Rules.open(arguments.file), signals)
    print(_headline(explanation.decision))
    print(f"signals: {_known(signals)}")
    width = max((len(answer.rule) for answer in explanation.answers), default=0)
    for answer in explanation.answers:
        print(_row(answer, width))
    if explanation.decision.rule == OTHERWISE:
        print(f"  otherwise: {explanation.decision.bundle}")
    document = dataclasses.asdict(explanation)
    return Outcome({"signals": dataclasses.asdict(signals), **document})


def _pairs(words: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise UsageError(f"expected signals as name=value, such as light=night, got {word!r}")
        if name in pairs:
            raise UsageError(f"the signal {name!r} is given twice")
        pairs[name] = value
    return pairs


def _headline(decision: Decision) -> str:
    """The decision in a line."""
    words = [f"{decision.bundle} runs, by {decision.rule!r}: {decision.reason}"]
    if decision.minimum_score is not None:
        words.append(f"people from a score of {decision.minimum_score:g} on")
    if decision.zones:
        words.append(f"only in {', '.join(zone.name for zone in decision.zones)}")
    if decision.ignored:
        words.append(f"not in {', '.join(zone.name for zone in decision.ignored)}")
    if decision.rate_hz is not None:
        words.append(f"at most {decision.rate_hz:g} frames/s")
    return "; ".join(words)


def _known(signals: Signals) -> str:
    given = [(name, getattr(signals, name)) for name in NAMES]
    words = [f"{name} {signal_words(name, value)}" for name, value in given if value is not None]
    return ", ".join([*words, "all others absent"])


def _row(answer: Answer, width: int) -> str:
    words = f": {answer.words}" if answer.words else ""
    return f"  line {answer.line:<4} {answer.rule:{width}}  {answer.verdict}{words}"
