"""From the rules file to conditions on cells; whatever is wrong is named with its line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from belisha.documents import Lines, place
from belisha.errors import ConfigError
from belisha.service.rules.axes import ABSENT_BIT, make_axis
from belisha.service.rules.conditions import Asked, Condition, Joined
from belisha.service.rules.document import Range, RulesDocument, Span, Terms, When
from belisha.service.rules.signals import (
    ABSENT,
    CHOICES,
    CODES,
    NAMES,
    QUANTITIES,
    minutes_of,
)


@dataclass(frozen=True)
class Leaf:
    """What is asked of one signal.

    Attributes:
        marks: values, codes or cuts that the axis must tell apart.
        inside: of a number, whether a value is asked for; absent for values and codes.
        absent: whether a missing signal is asked for, too.
        words: for people.
    """

    marks: tuple[Any, ...]
    inside: Callable[[float], bool] | None
    absent: bool
    words: str


class Place:
    """Says where in a file something is wrong."""

    def __init__(self, name: str, lines: Lines) -> None:
        self._name, self._lines = name, lines

    def line(self, path: str) -> int:
        """The line of a path or of its nearest parent; 1 if nothing is known."""
        _, _, line = place(self._name, path, self._lines).rpartition(":")
        return int(line) if line.isdigit() else 1

    def error(self, path: str, message: str) -> ConfigError:
        """An error at a path."""
        return ConfigError(f"{place(self._name, path, self._lines)}: {message}")

    def known(self, path: str, kind: str, name: str, names: Collection[str]) -> None:
        """Refuse a name that is none of the known ones."""
        if name in names:
            return
        close = difflib.get_close_matches(name, names, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}"
        raise self.error(path, f"no {kind} {name!r}: {advice}")


class ConditionReader:
    """Makes conditions of the parts of one document, and knows its axes.

    Attributes:
        axes: of the signals that the document asks for, in the order of `Signals`.
    """

    def __init__(self, document: RulesDocument, where: Place) -> None:
        self._where = where
        marks: dict[str, set[Any]] = {}
        for index, rule in enumerate(document.rules):
            for name, value, path in _asked(rule.when, f"$.rules[{index}].when"):
                marks.setdefault(name, set()).update(self._leaf(name, value, path).marks)
        for terms in document.bundles.values():
            for name, codes in _codes(terms):
                marks.setdefault(name, set()).update(codes)
        used = [name for name in NAMES if name in marks]
        self.axes = [make_axis(name, marks[name]) for name in used]
        self._index = {name: index for index, name in enumerate(used)}

    def condition(self, when: When, path: str) -> Condition:
        """The condition of a `when`."""
        parts: list[Condition] = []
        for name in NAMES:
            value = getattr(when, name)
            if value is not None:
                parts.append(self._asked(name, value, f"{path}.{name}"))
        for how in ("all", "any", "none"):
            inner: tuple[When, ...] | None = getattr(when, f"{how}_of")
            if inner is not None:
                parts.append(self._joined(how, inner, f"{path}.{how}_of"))
        if len(parts) == 1:
            return parts[0]
        words = " and ".join(part.words for part in parts) or "always"
        return Joined("all", tuple(parts), path, words)

    def terms(self, terms: Terms, path: str) -> Condition:
        """The condition under which a bundle may be used."""
        parts = [self._asked(name, codes, f"{path}.{name}s") for name, codes in _codes(terms)]
        return Joined("all", tuple(parts), path, " and ".join(part.words for part in parts))

    def _joined(self, how: Any, inner: tuple[When, ...], path: str) -> Joined:
        if not inner:
            raise self._where.error(path, f"{how}_of: expected at least one condition")
        parts = tuple(self.condition(one, f"{path}[{index}]") for index, one in enumerate(inner))
        joint = {"all": " and ", "any": " or ", "none": ", nor "}[how]
        words = joint.join(part.words for part in parts)
        words = {"all": words, "any": f"({words})", "none": f"neither ({words})"}[how]
        if how == "none" and len(parts) == 1:
            words = f"not ({parts[0].words})"
        return Joined(how, parts, path, words)

    def _asked(self, name: str, value: Any, path: str) -> Asked:
        leaf = self._leaf(name, value, path)
        axis = self.axes[self._index[name]]
        cells = axis.mask(leaf.inside or leaf.marks) | (ABSENT_BIT if leaf.absent else 0)
        return Asked(self._index[name], cells, path, leaf.words)

    def _leaf(self, name: str, value: Any, path: str) -> Leaf:
        if value == ABSENT:
            empty = None if name in CHOICES or name in CODES else _never
            return Leaf((), empty, True, f"{name} is absent")
        if name in CHOICES or name in CODES:
            return self._values(name, value, path)
        if name == "time":
            return self._span(value, path)
        return self._range(name, value, path)

    def _values(self, name: str, value: Any, path: str) -> Leaf:
        values = list(value) if isinstance(value, tuple) else [value]
        if not values:
            raise self._where.error(path, f"{name}: expected at least one value")
        for one in values:
            if name in CHOICES and one not in CHOICES[name]:
                known = [*map(_yes_no, CHOICES[name]), ABSENT]
                self._where.known(path, f"value of {name}", str(one), known)
            if not isinstance(one, bool) and not one.strip():
                raise self._where.error(path, f"{name}: expected a code, got {one!r}")
        words = " or ".join(map(_yes_no, values))
        marks = tuple(one for one in values if one != ABSENT)
        return Leaf(marks, None, ABSENT in values, f"{name} is {words}")

    def _span(self, value: Any, path: str) -> Leaf:
        if not isinstance(value, Span):
            raise self._where.error(path, f"time: expected since and until, or absent, got {value}")
        since, until = (self._minutes(value, end, path) for end in ("since", "until"))
        if since == until:
            raise self._where.error(path, f"time: from {value.since} to {value.until} is no time")
        words = f"time is {value.since} to {value.until}"
        if since < until:
            return Leaf((since, until), lambda time: since <= time < until, False, words)
        return Leaf((since, until), lambda time: time >= since or time < until, False, words)

    def _minutes(self, span: Span, end: str, path: str) -> float:
        text = getattr(span, end)
        minutes = minutes_of(text)
        if minutes is None:
            message = f'{end}: expected a time of day such as "22:00", got {text!r}'
            raise self._where.error(f"{path}.{end}", message)
        return minutes

    def _range(self, name: str, value: Any, path: str) -> Leaf:
        if not isinstance(value, Range):
            message = f"{name}: expected limits such as {{at_least: 5}}, or absent, got {value!r}"
            raise self._where.error(path, message)
        cuts = [cut for cut in vars(value).values() if cut is not None]
        quantity = QUANTITIES[name]
        limits = f"{quantity.low:g} to {quantity.high:g} {quantity.unit}".rstrip()
        if not cuts:
            raise self._where.error(path, f"{name}: expected at_least, above, at_most or below")
        for cut in cuts:
            if not quantity.low <= cut <= quantity.high:
                raise self._where.error(path, f"{name} is {limits}: {cut:g} is never reached")
        middles = [(low + high) / 2 for low in cuts for high in cuts]
        if not any(_within(value, number) for number in (quantity.low, quantity.high, *middles)):
            raise self._where.error(path, f"{name}: no number is {_range_words(value)}")
        words = f"{name} is {_range_words(value)}"
        return Leaf(tuple(cuts), lambda number: _within(value, number), False, words)


def _asked(when: When, path: str) -> Iterator[tuple[str, Any, str]]:
    """Signal, value and path of everything that a condition asks for."""
    for name in NAMES:
        value = getattr(when, name)
        if value is not None:
            yield name, value, f"{path}.{name}"
    for how in ("all_of", "any_of", "none_of"):
        for index, inner in enumerate(getattr(when, how) or ()):
            yield from _asked(inner, f"{path}.{how}[{index}]")


def _codes(terms: Terms) -> list[tuple[str, tuple[str, ...]]]:
    """Signal and codes of what restricts a bundle."""
    pairs = (("customer", terms.customers), ("region", terms.regions))
    return [(name, codes) for name, codes in pairs if codes is not None]


def _within(limits: Range, number: float) -> bool:
    return (
        (limits.at_least is None or number >= limits.at_least)
        and (limits.above is None or number > limits.above)
        and (limits.at_most is None or number <= limits.at_most)
        and (limits.below is None or number < limits.below)
    )


def _range_words(limits: Range) -> str:
    given = [(name, cut) for name, cut in vars(limits).items() if cut is not None]
    return " and ".join(f"{name.replace('_', ' ')} {cut:g}" for name, cut in given)


def _yes_no(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value


def _never(_: float) -> bool:
    return False
