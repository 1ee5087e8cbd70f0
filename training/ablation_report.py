"""An ablation for people: a table, and a page."""

from __future__ import annotations

from collections.abc import Sequence

from belisha.plots import Axis, bar_plot
from belisha.report import Block, Figure, Report, Section, Table, Text
from training.ablation import HEIGHTS, Outcome
from training.evaluation.measurement import Estimate

_NOTE = (
    "AP50 with its 95 % interval by image, and the gain over the first variant by the paired "
    "bootstrap: an interval without 0 is more than noise of the images. Another seed of the "
    "training moves AP50 as well; small gains need several seeds."
)


def text_table(outcomes: Sequence[Outcome]) -> str:
    """A row for each variant, a column for each validation set, everybody's AP50."""
    rows = [("variant", "examples", *_datasets(outcomes)), *(_row(one) for one in outcomes)]
    rows = [(*row, *[""] * (len(rows[0]) - len(row))) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", _NOTE])


def ablation_page(outcomes: Sequence[Outcome]) -> Report:
    """The page: for each validation set bars, and a table by height."""
    first = outcomes[0].name
    sections = [
        Section(name, _section(outcomes, place)) for place, name in enumerate(_datasets(outcomes))
    ]
    failures = [Text(f"{one.name}: {one.failure}") for one in outcomes if one.failure]
    if failures:
        sections.append(Section("What failed", failures))
    return Report(f"Ablation: {len(outcomes)} variants against {first!r}", _NOTE, tuple(sections))


def _section(outcomes: Sequence[Outcome], place: int) -> tuple[Block, ...]:
    done = [one for one in outcomes if one.summary]
    estimates = [one.evaluations[place].results[0].ap50 for one in done]
    values = [_or_nan(estimate.value) for estimate in estimates]
    bars = bar_plot(
        [one.name for one in done],
        values,
        Axis("AP50"),
        low=[_or_nan(estimate.low) for estimate in estimates],
        high=[_or_nan(estimate.high) for estimate in estimates],
    )
    columns = [part for height in HEIGHTS for part in (_height(height), "gain")]
    rows = [(one.name, *_cells(one, place)) for one in done]
    return Figure(bars, "Everybody, with 95 % intervals."), Table(("variant", *columns), rows)


def _cells(outcome: Outcome, place: int) -> list[str]:
    cells = []
    for height, result in enumerate(outcome.evaluations[place].results):
        cells.append(_estimate(result.ap50))
        cells.append(_estimate(outcome.gains[place][height], "+.3f") if outcome.gains else "-")
    return cells


def _row(outcome: Outcome) -> tuple[str, ...]:
    if outcome.summary is None:
        return outcome.name, "failed", outcome.failure
    cells = []
    for place, evaluation in enumerate(outcome.evaluations):
        cell = _estimate(evaluation.results[0].ap50)
        if outcome.gains:
            cell += f" ({_estimate(outcome.gains[place][0], '+.3f')})"
        cells.append(cell)
    return outcome.name, str(outcome.summary.progress.examples), *cells


def _datasets(outcomes: Sequence[Outcome]) -> list[str]:
    evaluations = next((one.evaluations for one in outcomes if one.summary), ())
    return [evaluation.dataset.name for evaluation in evaluations]


def _estimate(estimate: Estimate, form: str = ".3f") -> str:
    if estimate.value is None:
        return "-"
    value = format(estimate.value, form)
    if estimate.low is None or estimate.high is None:
        return value
    short = form.replace(".3f", ".2f")
    return f"{value} [{format(estimate.low, short)}, {format(estimate.high, short)}]"


def _height(height: float) -> str:
    return f"AP50, >= {height:g} px" if height else "AP50, all"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
