"""Doing less begins late, ends later, and says why; a sensor that fails changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from belisha.documents import parse_yaml
from belisha.errors import ConfigError
from belisha.service.health import HealthState
from belisha.service.health_degrade import Degradation, Degrade, DegradeRule

HOT = DegradeRule(
    name="hot",
    signal="headroom_c",
    below=5,
    until=12,
    after_s=3,
    calm_s=10,
    bundle="small",
    rate_hz=10,
)
LATE = DegradeRule(name="late", signal="missed_share", above=0.2, until=0.05, after_s=0, rate_hz=5)


@dataclass(frozen=True)
class Document:
    """A configuration with rules in it."""

    degrade: tuple[DegradeRule, ...] = ()


def follow(degrade: Degrade, values: list[float], begin: float = 0.0) -> list[Degradation]:
    """A look a second."""
    return [
        degrade.update(HealthState(headroom_c=value), begin + second)
        for second, value in enumerate(values)
    ]


def active(found: list[Degradation]) -> str:
    return "".join("x" if one.active else "." for one in found)


def test_it_begins_after_a_while_and_says_what_it_does() -> None:
    found = follow(Degrade([HOT]), [20, 4, 4, 4, 4, 4])
    assert active(found) == "....xx"
    assert found[4].said == (
        "hot: headroom_c is 4, below 5: bundle small, at most 10 frames a second",
    )
    assert (found[5].bundle, found[5].rate_hz, found[5].said) == ("small", 10, ())


def test_one_bad_look_is_no_reason() -> None:
    assert active(follow(Degrade([HOT]), [4, 4, 4, 20, 4, 4, 4, 20] * 3)) == "." * 24


def test_between_both_thresholds_all_stays_as_it_is() -> None:
    assert active(follow(Degrade([HOT]), [8] * 50)) == "." * 50
    assert active(follow(Degrade([HOT]), [4] * 4 + [8] * 50)) == "..." + "x" * 51


def test_it_ends_when_it_has_been_well_for_a_while() -> None:
    found = follow(Degrade([HOT]), [4] * 4 + [12] * 5 + [11] + [15] * 11)
    assert active(found) == "..." + "x" * 17 + "."
    assert found[-1].said == ("hot ends: headroom_c is back at 15",)
    assert (found[-1].bundle, found[-1].rate_hz) == (None, None)


def test_a_sensor_that_fails_neither_begins_nor_ends_anything() -> None:
    nan = float("nan")
    never = follow(Degrade([HOT]), [nan] * 20)
    assert active(never) == "." * 20
    assert never[0].said == ("hot cannot begin: this machine does not report headroom_c",)
    assert not any(one.said for one in never[1:])
    hot = follow(Degrade([HOT]), [4] * 4 + [nan] * 30 + [20])
    assert active(hot) == "..." + "x" * 32
    assert hot[4].said == ("hot stays in force: this machine does not report headroom_c",)
    assert hot[-1].said == ("hot: headroom_c is reported again",)


def test_of_several_rules_the_strictest_rate_and_the_first_bundle_hold() -> None:
    degrade = Degrade([HOT, LATE])
    for second in range(4):
        found = degrade.update(HealthState(headroom_c=1), float(second), missed_share=0.5)
    assert found.active == ("hot", "late")
    assert (found.bundle, found.rate_hz) == ("small", 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "{name: a, signal: heat, below: 5, until: 9, rate_hz: 5}",
            "unknown signal 'heat': known: hottest_c",
        ),
        ("{name: a, signal: hottest_c, until: 9, rate_hz: 5}", "either 'below' or 'above'"),
        ("{name: a, signal: hottest_c, above: 90, until: 90, rate_hz: 5}", "gives no room"),
        ("{name: a, signal: hottest_c, above: 90, until: 95, rate_hz: 5}", "gives no room"),
        ("{name: a, signal: hottest_c, above: 90, until: 80}", "it would change nothing"),
        ("{name: a, signal: hottest_c, above: 90, until: 80, rate_hz: 5, calm_s: -1}", "0 or more"),
        (
            "{name: a, signal: hottest_c, above: 90, until: 80, bundle: b, rate_hz: -5}",
            "a 'rate_hz' of at least 0.1, got -5",
        ),
        ("{name: a, signal: hottest_c, above: 90, until: 80, rate_hz: 0}", "at least 0.1, got 0"),
        ("{name: a, signal: hottest_c, abowe: 90, until: 80}", "did you mean 'above'"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"car\.yaml:2: ") as caught:
        parse_yaml(f"degrade:\n- {text}\n", Document, "car.yaml")
    assert words in str(caught.value)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="the name 'hot' stands twice"):
        Degrade([HOT, HOT])
