"""What is proven about rules files, against all situations counted out one by one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings

from belisha.errors import ConfigError
from belisha.service.rules.check import check, passed
from belisha.service.rules.rulebook import Rules
from belisha.service.rules.signals import Signals
from tests.runtime.service.rules.drawn_rules import (
    CUSTOMERS,
    LIGHTS,
    REGIONS,
    SPEEDS,
    as_text,
    decided,
    rules_files,
)

HEAD = """\
format: 1
bundles:
  street: {}
  night: {customers: [acme]}
zones:
  road: {polygon: [[0, 1], [0.5, 0.5], [1, 1]]}
otherwise: {use: street}
rules:
"""


def findings(rules: str) -> list[tuple[int, str, str]]:
    """Line, level and message of each finding; unused names aside."""
    found = check(Rules.parse(HEAD + rules, "r.yaml"))
    return [
        (one.line, one.level, one.message) for one in found if not one.message.startswith("no rule")
    ]


@given(rules_files())
@settings(max_examples=60, deadline=None)
def test_decisions_and_proofs_agree_with_counting_every_situation(document: dict[str, Any]) -> None:
    rules = Rules.parse(as_text(document), "drawn.yaml")
    deciding = set()
    for light, speed, customer, region in itertools.product(LIGHTS, SPEEDS, CUSTOMERS, REGIONS):
        values = {"light": light, "speed_kmh": speed, "customer": customer, "region": region}
        decision = rules.decide(Signals(**values))
        assert decision.rule == decided(document, values)
        deciding.add(decision.rule)
    whole = {
        finding.rule
        for finding in check(rules)
        if finding.level == "error" and "alternative" not in finding.message
    }
    assert whole == {rule["name"] for rule in document["rules"]} - deciding


@pytest.mark.parametrize(
    ("rules", "line", "level", "message"),
    [
        pytest.param(
            "- {name: a, when: {light: night}, use: street, rate_hz: 5}\n"
            "- {name: b, when: {light: night, speed_kmh: {above: 30}}, use: street, rate_hz: 9}",
            10, "error", "'b' contradicts 'a' (line 9), which decides otherwise in every such case",
            id="an earlier rule decides otherwise",
        ),
        pytest.param(
            "- {name: a, when: {light: [dusk, night]}, use: street, rate_hz: 5}\n"
            "- {name: b, when: {light: dusk}, use: street, rate_hz: 5}",
            10, "error", "'b' can never apply: 'a' (line 9) says the same of every such case",
            id="an earlier rule says the same",
        ),
        pytest.param(
            "- {name: a, when: {light: [day, dusk]}, use: street, rate_hz: 5}\n"
            "- {name: b, when: {light: [night, absent]}, use: street, rate_hz: 9}\n"
            "- {name: c, when: {speed_kmh: {above: 30}}, use: street, rate_hz: 2}",
            11, "error", "'c' can never apply: together 'a' (line 9), 'b' (line 10) apply wherever",
            id="two earlier rules together leave nothing",
        ),
        pytest.param(
            "- name: a\n  when:\n    all_of:\n    - {speed_kmh: {above: 50}}\n"
            "    - {speed_kmh: {below: 30}}\n  use: street",
            13, "error", "'a' contradicts itself: it can never be that speed_kmh is above 50 and",
            id="a rule contradicts itself; the line is that of the last straw",
        ),
        pytest.param(
            "- name: a\n  when: {customer: bus}\n  use: night",
            11, "error", "the bundle 'night' may be used only where customer is acme",
            id="the bundle is not for this customer",
        ),
        pytest.param(
            "- name: a\n  rate_hz: 5\n  use: street\n  when:\n    light: day\n    any_of:\n"
            "    - {light: night}\n    - {speed_kmh: {above: 9}}",
            15, "error", "'a' has an alternative that can never hold: light is night",
            id="an alternative is impossible beside its neighbours",
        ),
        pytest.param(
            "- name: a\n  rate_hz: 5\n  use: street\n  when:\n    any_of:\n"
            "    - {speed_kmh: {above: 20}}\n    - {speed_kmh: {above: 30}}",
            15, "warning", "'a' has an alternative that the others cover: speed_kmh is above 30",
            id="an alternative adds nothing",
        ),
        pytest.param(
            "- {name: a, when: {light: night}, use: street}",
            9, "warning", "'a' changes nothing: without it the same is done",
            id="a rule does what is done anyway",
        ),
        pytest.param(
            "- {name: a, when: {speed_kmh: {at_least: 0}}, use: street, rate_hz: 5}",
            9, "warning", "'a' asks for what is true of every speed_kmh: speed_kmh is at least 0",
            id="a limit that every value keeps",
        ),
    ],
)  # fmt: skip
def test_what_is_found_and_on_which_line(rules: str, line: int, level: str, message: str) -> None:
    ((found_line, found_level, found),) = findings(rules)
    assert message in found
    assert (found_line, found_level) == (line, level)


def test_a_time_that_runs_over_midnight_meets_its_complement_exactly() -> None:
    night = "- {name: a, when: {time: {since: '22:00', until: '06:00'}}, use: street, rate_hz: 5}\n"
    day = "- {name: b, when: {time: {since: '06:00', until: '22:00'}}, use: street, rate_hz: 9}\n"
    gone = "- {name: c, when: {time: absent}, use: street, rate_hz: 7}\n"
    rest = "- {name: d, when: {light: day}, use: street, rate_hz: 3}\n"
    assert findings(night + day + gone) == []
    ((line, level, _),) = findings(night + day + gone + rest)
    assert (line, level) == (12, "error")


def test_what_no_rule_uses_is_a_warning() -> None:
    found = check(Rules.parse(HEAD + "- {name: a, when: {}, use: street, rate_hz: 5}", "r.yaml"))
    assert [(one.line, one.message) for one in found] == [
        (4, "no rule uses the bundle 'night'"),
        (6, "no rule uses the zone 'road'"),
    ]
    assert passed(found)


def test_a_bundle_that_is_not_there_is_a_warning_with_its_line() -> None:
    (found,) = check(
        Rules.parse("format: 1\nbundles:\n  a: {file: gone.bundle}\notherwise: {use: a}", "r")
    )
    assert (found.line, found.message) == (3, "gone.bundle: no such bundle here")


def test_rules_that_cannot_be_proven_in_bounded_time_are_refused() -> None:
    numbers = ("speed_kmh", "temperature_c", "memory_free_mb", "missed_share")
    either = [
        {"any_of": [{name: {"above": cut / 100}} for name in numbers]}
        | {"none_of": [{name: {"above": (cut + 1) / 100}} for name in numbers]}
        for cut in range(1, 90, 2)
    ]
    rule = {"name": "huge", "use": "a", "when": {"any_of": either}, "rate_hz": 5}
    other = {"name": "late", "use": "a", "when": {"none_of": [{"any_of": either}]}}
    head = {"format": 1, "bundles": {"a": {}}, "otherwise": {"use": "a"}}
    rules = Rules.parse(as_text({**head, "rules": [rule, other]}), "r")
    nought = Signals(speed_kmh=0, temperature_c=0, memory_free_mb=0, missed_share=0)
    assert rules.decide(nought).rule == "late", "deciding is no harder"
    with pytest.raises(ConfigError, match="too intricate to be proven: more than 5000 kinds"):
        check(rules)
