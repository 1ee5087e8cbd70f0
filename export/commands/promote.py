"""Make a challenger the champion, if it deserves it: by rule, by name and with a reason.

Examples:
  python -m export promote challenger --data runs/store --who Ada --reason 'week 47'
  python -m export promote new.bundle --data data/street --who Ada --reason 'the first one'
  python -m export promote challenger --data data/street --rules mine.yaml --who Ada --reason trial

The rule: better than the champion beyond noise on the same labelled frames, in no size of people
and no condition worse beyond a bound, parity passed and not forced, latency within its budget on
this machine. All four have to hold; there is no way around them. The first champion has nobody to
be compared with. A bundle that is not registered yet is registered first.

Exit code 3 if it does not deserve it, 4 if that could not be decided here; nothing changes then.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from belisha.bench.frame_source import frames_at_hand
from belisha.bench.measure import Plan, measure, seconds_for_p99
from belisha.bench.result import Subject
from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.detector import Detector
from belisha.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REFUSED
from export.commands.registry_options import (
    add_answer_options,
    add_registry_option,
    open_registry,
)
from export.release.comparison import Comparison, compare_bundles
from export.release.promotion import (
    Condition,
    PromotionRules,
    accuracy_conditions,
    latency_condition,
    parity_condition,
    read_promotion_rules,
)
from export.release.registry import Registry, check_answer
from export.release.tables import comparison_lines, condition_lines
from training.commands.unsealed_data import add_data_options, open_dataset

_RATE_HZ = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", metavar="BUNDLE", help="file, alias or digest")
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET")
    add_data_options(parser)
    add_answer_options(parser)
    add_registry_option(parser)
    parser.add_argument("--rules", type=Path, metavar="FILE", help="(default: the kit's own)")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="of timing (default: what p99 needs)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Compare, time, judge; change the champion or nothing."""
    check_answer(arguments.who, arguments.reason)
    registry, rules = open_registry(arguments), read_promotion_rules(arguments.rules)
    challenger = registry.find(arguments.bundle)
    comparison = _compared(registry, challenger, arguments, rules)
    conditions = (
        *(accuracy_conditions(comparison, rules) if comparison else ()),
        parity_condition(challenger.manifest),
        latency_condition(_timed(challenger, arguments), rules),
    )
    print(comparison_lines(comparison) if comparison else "there is no champion to compare with")
    print(f"\n{condition_lines(conditions)}\n")
    evidence = {
        "comparison": comparison.json() if comparison else None,
        "conditions": {one.name: {"met": one.met, "words": one.words} for one in conditions},
    }
    code = _exit_code(conditions)
    if code == EXIT_OK:
        registry.register(challenger.path)
        against = comparison.first[1] if comparison else None
        event = registry.promote(challenger, arguments.who, arguments.reason, evidence, against)
        print(f"champion       {event.name} {event.bundle[:12]}, by {event.who}: {event.reason}")
    else:
        print("not promoted   the champion stays as it is")
    return Outcome({**evidence, "promoted": code == EXIT_OK, "bundle": challenger.digest}, code)


def _compared(
    registry: Registry, challenger: Bundle, arguments: argparse.Namespace, rules: PromotionRules
) -> Comparison | None:
    """Against the champion; nothing if there is none."""
    champion = registry.state().champion
    if champion is None:
        return None
    dataset = open_dataset(arguments.data, arguments)
    return compare_bundles(registry.bundle(champion), challenger, dataset, rules.view)


def _timed(bundle: Bundle, arguments: argparse.Namespace) -> Subject:
    """By the one timer, as belisha bench does it."""
    seconds = seconds_for_p99(_RATE_HZ) if arguments.seconds is None else arguments.seconds
    plan = Plan(seconds=seconds, rate_hz=_RATE_HZ, deadline_ms=1e3 / _RATE_HZ, cold_starts=0)
    frames, _ = frames_at_hand([])
    with Detector.open(bundle.path, threads=arguments.threads, may_build=False) as detector:
        return measure(detector, frames, plan, lambda text: print(text, file=sys.stderr))


def _exit_code(conditions: tuple[Condition, ...]) -> int:
    if any(one.met is False for one in conditions):
        return EXIT_REFUSED
    return EXIT_INCONCLUSIVE if any(one.met is None for one in conditions) else EXIT_OK
