"""A comparison and a promotion, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Sequence

from belisha.bench.words import as_text
from belisha.report import Report, Section, Table, Text, Verdict
from export.release.comparison import Comparison, Row
from export.release.promotion import Condition
from training.evaluation.measurement import Estimate

COLUMNS = ("cell", "images", "people", "AP50", "change", "MR-2", "change ")
_NOTE = (
    "[ ] 95 % intervals by the paired bootstrap; of the parts taken together. Higher AP50 and "
    "lower MR-2 are better."
)
_SIGNS = {True: "yes", False: "NO", None: "undecided"}


def comparison_lines(comparison: Comparison) -> str:
    """The table as text."""
    return f"{_title(comparison)}\n{as_text(COLUMNS, _rows(comparison))}\n{_NOTE}"


def condition_lines(conditions: Sequence[Condition]) -> str:
    """A line a condition."""
    return "\n".join(f"{one.name:14} {_SIGNS[one.met]:10} {one.words}" for one in conditions)


def comparison_report(comparison: Comparison, conditions: Sequence[Condition] = ()) -> Report:
    """The page."""
    verdicts = [Verdict(one.met, f"{one.name}: {one.words}") for one in conditions]
    sections = [Section("By what rule", verdicts)] if verdicts else []
    table = Section("By size and condition", (Table(COLUMNS, _rows(comparison)), Text(_NOTE)))
    return Report(
        title=f"{comparison.second[0]} against {comparison.first[0]}",
        summary=_title(comparison),
        sections=(*sections, table),
    )


def _title(comparison: Comparison) -> str:
    (first, one), (second, other) = comparison.first, comparison.second
    return (
        f"{second} {other[:12]} against {first} {one[:12]} on {comparison.frames} frames of "
        f"{comparison.data}"
    )


def _rows(comparison: Comparison) -> list[tuple[str, ...]]:
    return [_row(row) for row in comparison.rows]


def _row(row: Row) -> tuple[str, ...]:
    cells = [row.cell, str(row.images), str(row.people)]
    for name in ("ap50", "miss_rate"):
        value = row.first[name]
        cells += ["-" if value is None else f"{value:.3f}", _change(row.change[name])]
    return tuple(cells)


def _change(one: Estimate) -> str:
    if one.value is None or one.low is None or one.high is None:
        return "-"
    return f"{one.value:+.4f} [{one.low:+.3f}, {one.high:+.3f}]"
