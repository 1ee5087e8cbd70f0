"""Rules files by chance, and a second, slow reading of them that shares no code with the first."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

LIGHTS = ("day", "dusk", "night", None)
SPEEDS = (0.0, 10.0, 20.0, 25.0, 30.0, 40.0, 50.0, 400.0, None)
CUSTOMERS = ("acme", "bus", "nobody", None)
REGIONS = ("DE", "DE-BY", "DE-BE", "GB", None)

_LIGHT = st.lists(st.sampled_from(["day", "dusk", "night", "absent"]), min_size=1, max_size=3)
_SPEED = st.fixed_dictionaries(
    {}, optional={"at_least": st.sampled_from([10, 20, 30]), "below": st.sampled_from([40, 50])}
).filter(bool)
_LEAF = st.fixed_dictionaries(
    {},
    optional={
        "light": _LIGHT,
        "speed_kmh": _SPEED,
        "customer": st.sampled_from(["acme", "bus"]),
        "region": st.sampled_from(["DE", "DE-BY"]),
    },
)
_WHEN = st.recursive(
    _LEAF,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "light": _LIGHT,
            "all_of": st.lists(inner, min_size=1, max_size=2),
            "any_of": st.lists(inner, min_size=1, max_size=2),
            "none_of": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=4,
)
_RULE = st.fixed_dictionaries(
    {
        "when": _WHEN,
        "use": st.sampled_from(["open", "acme only", "in DE"]),
        "if_absent": st.sampled_from(["skip", "apply"]),
    }
)


@st.composite
def rules_files(draw: st.DrawFn) -> dict[str, Any]:
    """A rules file of up to five rules; JSON is YAML, so it can be written as such."""
    rules = draw(st.lists(_RULE, min_size=1, max_size=5))
    document: dict[str, Any] = {
        "format": 1,
        "bundles": {"open": {}, "acme only": {"customers": ["acme"]}, "in DE": {"regions": ["DE"]}},
        "otherwise": {"use": "open"},
        "rules": [{"name": f"rule {index}", **rule} for index, rule in enumerate(rules)],
    }
    if draw(st.booleans()):
        document["assume"] = {"light": "night"}
    return document


def as_text(document: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(document, indent=1)


def decided(document: dict[str, Any], values: dict[str, Any]) -> str:
    """The name of the rule that decides, found the slow way."""
    known = dict(values)
    for name, value in document.get("assume", {}).items():
        known[name] = value if known[name] is None else known[name]
    for rule in document["rules"]:
        answer = _truth(rule["when"], known)
        fulfilled = answer is True or (answer is None and rule["if_absent"] == "apply")
        terms = document["bundles"][rule["use"]]
        if fulfilled and _permitted(terms, known):
            return str(rule["name"])
    return "otherwise"


def _permitted(terms: dict[str, list[str]], known: dict[str, Any]) -> bool:
    customer = "customers" not in terms or known["customer"] in terms["customers"]
    region = "regions" not in terms or any(_in(known["region"], one) for one in terms["regions"])
    return customer and region


def _in(region: str | None, outer: str) -> bool:
    return region is not None and (region == outer or region.startswith(outer + "-"))


def _truth(when: dict[str, Any], known: dict[str, Any]) -> bool | None:
    """True, false, or nothing where it hangs on an absent signal."""
    return _all([_part(name, asked, known) for name, asked in when.items()])


def _part(name: str, asked: Any, known: dict[str, Any]) -> bool | None:
    if name == "all_of":
        return _all([_truth(inner, known) for inner in asked])
    if name in ("any_of", "none_of"):
        opposites = [_not(_truth(inner, known)) for inner in asked]
        none = _all(opposites)
        return none if name == "none_of" else _not(none)
    value = known[name]
    if name == "light":
        if value is None:
            return True if "absent" in asked else None
        return value in asked
    if value is None:
        return None
    if name == "speed_kmh":
        low, high = asked.get("at_least", -1), asked.get("below", 1e9)
        return bool(low <= value < high)
    return _in(value, asked) if name == "region" else value == asked


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _all(answers: list[bool | None]) -> bool | None:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True
