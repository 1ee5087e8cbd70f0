"""Conditions on images, as people write them: `sequence=0006R0`, `file_name!=val_*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from belisha.errors import UsageError


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes:
        key: of the attribute.
        pattern: its value, shell wildcards allowed.
        wanted: whether images that match are kept, or those that do not.
    """

    key: str
    pattern: str
    wanted: bool = True

    @property
    def is_exact(self) -> bool:
        """Whether only one value matches."""
        return not set("*?[") & set(self.pattern)

    def meets(self, value: str) -> bool:
        """Whether an image with this value is kept; an unknown value is the empty text."""
        return fnmatchcase(value, self.pattern) == self.wanted


def parse_condition(text: str) -> Condition:
    """`key=pattern` or `key!=pattern`.

    Raises:
        UsageError: it is neither.
    """
    key, separator, pattern = text.partition("=")
    if not separator or not key.rstrip("!"):
        raise UsageError(f"expected attribute=pattern or attribute!=pattern, got {text!r}")
    return Condition(key.rstrip("!"), pattern, not key.endswith("!"))


COLUMNS = {
    "file_name": "r.name",
    "source": "r.source",
    "sequence": "r.sequence",
    "time": "r.time",
    "licence": "r.licence",
    "sha256": "r.sha256",
    "split": "coalesce(s.split, '')",
}
"""Attributes that every image of a store has, and their place in the manifest."""


@dataclass(frozen=True)
class Clause:
    """A part of an SQL query and the values for its question marks."""

    sql: str
    values: tuple[str, ...] = ()


def clauses(conditions: Iterable[Condition]) -> Clause:
    """All conditions in SQL, over `records r` and `splits s`; begins with AND unless empty."""
    parts = [_clause(condition) for condition in conditions]
    sql = "".join(f" AND {part.sql}" for part in parts)
    return Clause(sql, tuple(value for part in parts for value in part.values))


def _clause(condition: Condition) -> Clause:
    test = "{} = ?" if condition.is_exact else "matches({}, ?)"
    if condition.key in COLUMNS:
        column, negation = COLUMNS[condition.key], "" if condition.wanted else "NOT "
        if condition.key == "split" and condition.is_exact and condition.wanted:
            # An index cannot look through coalesce, and only the empty name needs it.
            column = "s.split" if condition.pattern else column
        return Clause(negation + test.format(column), (condition.pattern,))
    # Where the pattern also fits images of which nothing is known, exclude those that do not fit.
    fits_unknown = fnmatchcase("", condition.pattern)
    membership = "IN" if condition.wanted != fits_unknown else "NOT IN"
    test = f"{'NOT ' if fits_unknown else ''}{test.format('value')}"
    known = f"SELECT record FROM conditions WHERE key = ? AND {test}"  # noqa: S608
    return Clause(f"r.id {membership} ({known})", (condition.key, condition.pattern))
