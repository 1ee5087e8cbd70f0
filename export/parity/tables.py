"""What the gate says, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Sequence

from belisha.bench.words import as_text
from belisha.manifest import Flavour
from belisha.report import Block, Details, Table, Text, Verdict
from export.parity.gate import Parity, Row
from export.parity.verdicts import Figure
from training.evaluation.cells import WHOLE

AGREEMENT = (
    "cell",
    "detections",
    "lost",
    "new",
    "recall",
    "precision",
    "IoU",
    "score shift",
)
TRUTH = ("cell", "people", "AP50", "AP50 change", "MR-2", "MR-2 change")
_DIGITS = {"recall": ".3f", "precision": ".3f", "iou": ".3f", "shift": ".4f"}
_MARKS = {"passed": "", "failed": " ✗", "not enough data": " ?"}


def sentence(parity: Parity) -> str:
    """The verdict in one line."""
    compared = f"{', '.join(parity.agreements) or 'nothing'} with {parity.reference}"
    where = f"on {parity.frames} frames of {parity.data}, detections from {parity.threshold:g} on"
    if parity.passed:
        return f"parity passed: {compared} {where}"
    return f"parity FAILED, {len(parity.failures)} reasons: {compared} {where}"


def as_lines(parity: Parity, *, failed_only: bool = False) -> str:
    """The tables as text.

    Args:
        parity: of the gate.
        failed_only: only the cells that failed, and all of it.
    """
    parts = []
    for flavour in parity.agreements:
        rows = [row for row in _rows(parity, flavour) if not failed_only or _telling(row)]
        parts.append(f"{flavour} against {parity.reference}, and their change against the truth")
        parts.append(as_text(AGREEMENT, list(map(_agreement, rows))))
        parts.append(as_text(TRUTH, list(map(_truth, rows))) + "\n")
    return "\n".join([*parts, *_notes(parity)])


def as_blocks(parity: Parity) -> tuple[Block, ...]:
    """The verdict, why, and tables; those of a flavour that passed everywhere are folded away."""
    blocks: list[Block] = [Verdict(parity.passed, sentence(parity))]
    blocks += [Verdict(False, failure) for failure in parity.failures]
    for flavour in parity.agreements:
        rows = _rows(parity, flavour)
        tables = (
            Table(AGREEMENT, list(map(_agreement, rows)), f"{flavour} against {parity.reference}"),
            Table(TRUTH, list(map(_truth, rows)), f"{flavour} against the truth"),
        )
        failed = sum(_has_failed(row) for row in rows)
        words = f"{flavour}: {failed} of {len(rows)} cells failed"
        blocks += [Text(words), *tables] if failed else [Details(words, tables)]
    return *blocks, *map(Text, _notes(parity))


def _rows(parity: Parity, flavour: Flavour) -> list[Row]:
    return [row for row in parity.rows if row.flavour == flavour]


def _telling(row: Row) -> bool:
    return row.cell == WHOLE or _has_failed(row)


def _has_failed(row: Row) -> bool:
    return any(figure.verdict == "failed" for figure in row.figures.values())


def _agreement(row: Row) -> Sequence[str]:
    """A row for `AGREEMENT`."""
    counts = map(str, (row.detections, row.lost, row.new))
    return row.cell, *counts, *(_figure(name, row.figures[name]) for name in _DIGITS)


def _truth(row: Row) -> Sequence[str]:
    """A row for `TRUTH`: the reference's figures, and how they change."""
    cells = [row.cell, str(row.people)]
    for name, value in row.reference.items():
        cells += ["-" if value is None else f"{value:.3f}", _figure(name, row.figures[name])]
    return cells


def _figure(name: str, figure: Figure) -> str:
    """`-.0016 [-.0070, +.0040] ✗`; the interval only of a change against the truth."""
    one = figure.estimate
    if one.value is None:
        return "-" + _MARKS[figure.verdict]
    if name in _DIGITS:
        return format(one.value, _DIGITS[name]) + _MARKS[figure.verdict]
    ends = "" if one.low is None else f" [{one.low:+.3f}, {one.high:+.3f}]"
    return f"{one.value:+.4f}{ends}{_MARKS[figure.verdict]}"


def _notes(parity: Parity) -> list[str]:
    """What a reader must know."""
    if not parity.rows:
        return []
    return [
        f"lost, new: detections of one side without a partner (IoU {parity.rules.min_iou:g}, "
        f"score down to {parity.rules.hysteresis:g} below the threshold) on the other",
        "✗ failed   ? not enough data   [ ] 95 % intervals of the paired change; of the parts "
        "taken together",
    ]
