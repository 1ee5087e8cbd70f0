"""What a rules file must keep to beyond its schema: names that exist, numbers in their range."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from belisha.service.rules.document import Action, RulesDocument, Terms, ZoneShape
from belisha.service.rules.reading import Place
from belisha.service.rules.signals import ABSENT, CHOICES, MINUTES, QUANTITIES, minutes_of

_MAX_RULES = 200
_MAX_DELAY_S = 3600.0
_MAX_RATE_HZ = 1000.0


def refuse_invalid(document: RulesDocument, where: Place) -> None:
    """Raise `ConfigError` at the first thing that is wrong."""
    _format_and_names(document, where)
    for name, terms in document.bundles.items():
        _terms(name, terms, where)
    for name, shape in document.zones.items():
        _zone(name, shape, where)
    _action(document, document.otherwise, "$.otherwise", where)
    _open_to_everybody(document, where)
    for index, rule in enumerate(document.rules):
        path = f"$.rules[{index}]"
        _action(document, rule, path, where)
        _in_range(where, f"{path}.hold_s", "hold_s", rule.hold_s, 0, _MAX_DELAY_S)
        if rule.after_s is not None:
            _in_range(where, f"{path}.after_s", "after_s", rule.after_s, 0, _MAX_DELAY_S)
    _in_range(where, "$.after_s", "after_s", document.after_s, 0, _MAX_DELAY_S)


def _format_and_names(document: RulesDocument, where: Place) -> None:
    if not document.bundles:
        raise where.error("$.bundles", "bundles: expected at least one")
    if len(document.rules) > _MAX_RULES:
        raise where.error("$.rules", f"expected at most {_MAX_RULES} rules")
    seen: dict[str, int] = {}
    for index, rule in enumerate(document.rules):
        path = f"$.rules[{index}]"
        if not rule.name.strip() or rule.name == "otherwise":
            raise where.error(path, f"expected a name of its own, got {rule.name!r}")
        if rule.name in seen:
            first = where.line(f"$.rules[{seen[rule.name]}]")
            raise where.error(path, f"the name {rule.name!r} stands twice: see line {first}")
        seen[rule.name] = index


def _terms(name: str, terms: Terms, where: Place) -> None:
    path = f"$.bundles.{name}"
    if terms.file is not None and PurePath(terms.file).name != terms.file:
        message = f"file: expected the name of a file beside the rules, got {terms.file!r}"
        raise where.error(f"{path}.file", message)
    for field in ("customers", "regions"):
        codes = getattr(terms, field)
        if codes == ():
            message = f"{field}: nobody may use {name!r}: leave {field} out to allow all"
            raise where.error(f"{path}.{field}", message)
        if codes is not None and (ABSENT in codes or not all(map(str.strip, codes))):
            message = f"{field}: expected names of {field}, got {list(codes)}"
            raise where.error(f"{path}.{field}", message)


def _zone(name: str, shape: ZoneShape, where: Place) -> None:
    path = f"$.zones.{name}"
    if len(shape.polygon) < 3:
        raise where.error(path, f"zone {name!r}: expected at least three corners")
    for corner in shape.polygon:
        if not all(0 <= side <= 1 for side in corner):
            raise where.error(
                path,
                f"zone {name!r}: expected corners as fractions of the picture, 0 to 1, "
                f"got {list(corner)}",
            )
    if not _area(shape):
        raise where.error(path, f"zone {name!r}: it has no area")
    _optional_score(where, f"{path}.minimum_score", shape.minimum_score)


def _area(shape: ZoneShape) -> float:
    corners = shape.polygon
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)


def _action(document: RulesDocument, action: Action, path: str, where: Place) -> None:
    where.known(f"{path}.use", "bundle", action.use, document.bundles)
    for field in ("zones", "ignore"):
        for index, zone in enumerate(getattr(action, field)):
            where.known(f"{path}.{field}[{index}]", "zone", zone, document.zones)
    for zone in action.zones:
        if zone in action.ignore:
            raise where.error(f"{path}.ignore", f"zone {zone!r} is both asked for and ignored")
    _optional_score(where, f"{path}.minimum_score", action.minimum_score)
    if action.rate_hz is not None:
        _in_range(where, f"{path}.rate_hz", "rate_hz", action.rate_hz, 0.1, _MAX_RATE_HZ)


def _open_to_everybody(document: RulesDocument, where: Place) -> None:
    terms = document.bundles[document.otherwise.use]
    if terms.customers is not None or terms.regions is not None:
        raise where.error(
            "$.otherwise.use",
            f"otherwise: the bundle {document.otherwise.use!r} is not open to everybody: "
            "name one without customers and regions",
        )


def _optional_score(where: Place, path: str, score: float | None) -> None:
    if score is not None:
        _in_range(where, path, "minimum_score", score, 0, 1)


def _in_range(where: Place, path: str, name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise where.error(path, f"{name}: expected {low:g} to {high:g}, got {value:g}")


def assumed_values(document: RulesDocument, where: Place) -> dict[str, Any]:
    """Signal -> the value to take it for when it is absent."""
    given = {name: value for name, value in vars(document.assume).items() if value is not None}
    for name, value in given.items():
        path = f"$.assume.{name}"
        if name in QUANTITIES:
            quantity = QUANTITIES[name]
            _in_range(where, path, name, value, quantity.low, quantity.high)
        elif name == "time":
            minutes = minutes_of(value)
            if minutes is None or minutes == MINUTES:
                raise where.error(path, f'time: expected such as "22:00", got {value!r}')
            given[name] = minutes
        elif name != "throttled":
            where.known(path, f"value of {name}", value, CHOICES[name])
    return given
