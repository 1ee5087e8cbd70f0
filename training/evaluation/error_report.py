"""An error analysis for people, tables and a page, and for programs, a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from belisha.bench.words import as_text
from belisha.plots import Axis, bar_plot
from belisha.report import Block, Details, Facts, Figure, Picture, Report, Section, Table, Text
from training.evaluation.error_analysis import ErrorAnalysis
from training.evaluation.error_causes import ALARMS, MISSES, WAYS, Kind
from training.evaluation.error_gains import Cause
from training.evaluation.measurement import Estimate
from training.evaluation.operating_table import with_ends

SCHEMA = "belisha-errors-1"
"""Name and version of the document."""
_GAIN = "AP50 if mended"
MISS_COLUMNS = ("missed", "people", "share", *WAYS, _GAIN)
ALARM_COLUMNS = ("false alarm", "boxes", "per image", _GAIN)
NOTES = (
    "missed: the first cause that applies, in this order; then how they were missed, whatever the "
    "cause",
    f"{_GAIN}: points of AP50 more if just these people were found at the threshold, or just these "
    "boxes were gone; not to be summed",
)


def error_tables(analysis: ErrorAnalysis) -> str:
    """For the terminal."""
    evaluation = analysis.evaluation
    result = evaluation.results[0]
    missed = [error for error in analysis.errors if error.kind == "miss"]
    head = (
        f"{evaluation.dataset.name}: {len(evaluation.dataset)} images, {analysis.people} people; "
        f"threshold {evaluation.threshold:.4g}: {len(missed)} missed, "
        f"{len(analysis.errors) - len(missed)} false alarms; AP50 {with_ends(result.ap50)}"
    )
    tables = [
        as_text(MISS_COLUMNS, miss_rows(analysis), indent=""),
        as_text(ALARM_COLUMNS, alarm_rows(analysis), indent=""),
    ]
    sources = analysis.by_source()
    if len(sources) > 1:
        tables.append(as_text(*_source_table(analysis, sources), indent=""))
    return "\n\n".join([head, *tables, "\n".join(NOTES)])


def miss_rows(analysis: ErrorAnalysis) -> list[tuple[str, ...]]:
    """For `MISS_COLUMNS`."""
    rows = []
    for kind, cause in _causes(analysis, "miss"):
        errors = analysis.of(kind, cause)
        ways = Counter(error.way for error in errors)
        share = len(errors) / analysis.people if analysis.people else 0.0
        rows.append(
            (
                cause,
                str(len(errors)),
                f"{share:.1%}",
                *(str(ways[way]) for way in WAYS),
                _gain(analysis.gains.get((kind, cause))),
            )
        )
    return rows


def alarm_rows(analysis: ErrorAnalysis) -> list[tuple[str, ...]]:
    """For `ALARM_COLUMNS`."""
    images = len(analysis.evaluation.dataset)
    rows: list[tuple[str, ...]] = []
    for kind, cause in _causes(analysis, "false alarm"):
        count = len(analysis.of(kind, cause))
        gain = _gain(analysis.gains.get((kind, cause)))
        rows.append((cause, str(count), f"{count / images:.3f}", gain))
    return rows


def error_document(analysis: ErrorAnalysis) -> dict[str, Any]:
    """As plain data for JSON, every error included."""
    evaluation, result = analysis.evaluation, analysis.evaluation.results[0]
    samples = evaluation.dataset.samples
    return {
        "schema": SCHEMA,
        "dataset": {
            "name": evaluation.dataset.name,
            "fingerprint": evaluation.dataset.fingerprint,
            "images": len(samples),
            "people": analysis.people,
        },
        "threshold": evaluation.threshold,
        "second_detector": analysis.second or None,
        "ap50": asdict(result.ap50),
        "recall": asdict(result.recall),
        "false_positives_per_image": asdict(result.false_positives_per_image),
        "causes": [_cause_document(analysis, cause) for cause in analysis.causes()],
        "by_source": {
            source: [
                {"kind": kind, "cause": cause, "count": count}
                for (kind, cause), count in sorted(counts.items())
            ]
            for source, counts in analysis.by_source().items()
        },
        "errors": [
            {
                "kind": error.kind,
                "cause": error.cause,
                "way": error.way,
                "image": samples[error.image].name,
                "xyxy": np.round(error.xyxy.astype(np.float64), 2).tolist(),
                "score": error.score,
            }
            for error in analysis.errors
        ],
    }


def error_report(analysis: ErrorAnalysis, detector: str, sheets: Mapping[Cause, bytes]) -> Report:
    """The page, with a sheet of close-ups for each cause that there is."""
    evaluation = analysis.evaluation
    result = evaluation.results[0]
    facts = {
        "detector": detector,
        "data": f"{evaluation.dataset.name}: {len(evaluation.dataset)} images",
        "threshold": f"{evaluation.threshold:.4g}",
        "recall": with_ends(result.recall),
        "false positives per image": with_ends(result.false_positives_per_image),
        "AP50": with_ends(result.ap50),
        "second opinion": analysis.second or "none was asked",
    }
    tables: list[Block] = [
        Table(MISS_COLUMNS, miss_rows(analysis), f"{NOTES[0]}."),
        Table(ALARM_COLUMNS, alarm_rows(analysis), f"{NOTES[1]}."),
        Details(
            "What each cause means",
            [Facts({**_meanings("missed", MISSES)}), Facts({**_meanings("false alarm", ALARMS)})],
        ),
    ]
    sources = analysis.by_source()
    if len(sources) > 1:
        tables.append(Table(*_source_table(analysis, sources), "Errors by source."))
    return Report(
        title=f"Errors of {detector}",
        summary=_summary(analysis),
        sections=(
            Section("At the threshold", [Facts(facts), _bars(analysis), *tables]),
            *(_section(analysis, cause, sheet) for cause, sheet in sheets.items()),
        ),
    )


def _summary(analysis: ErrorAnalysis) -> str:
    """What would pay most."""
    known = {cause: one.value for cause, one in analysis.gains.items() if one.value is not None}
    if not known:
        return "No errors were found."
    best = sorted(known, key=lambda cause: -known[cause])[:3]
    words = [f"{kind}, {cause} ({100 * known[kind, cause]:+.1f} points)" for kind, cause in best]
    return f"Mending would give back most AP50 here: {'; '.join(words)}."


def _meanings(kind: str, causes: Mapping[str, str]) -> dict[str, str]:
    return {f"{kind}: {cause}": words for cause, words in causes.items()}


def _bars(analysis: ErrorAnalysis) -> Block:
    causes = [cause for cause in analysis.causes() if _known(analysis.gains.get(cause))]
    gains = [analysis.gains[cause] for cause in causes]
    bars = bar_plot(
        [f"{kind}: {cause}" for kind, cause in causes],
        [_points(one.value) for one in gains],
        Axis("AP50 given back", "points"),
        low=[_points(one.low if one.low is not None else one.value) for one in gains],
        high=[_points(one.high if one.high is not None else one.value) for one in gains],
        title="What mending each cause alone would give back",
    )
    return Figure(bars, "Points of AP50 that mending each cause alone would give back.")


def _known(estimate: Estimate | None) -> bool:
    return estimate is not None and estimate.value is not None


def _points(value: float | None) -> float:
    return 100 * (value or 0.0)


def _section(analysis: ErrorAnalysis, cause: Cause, sheet: bytes) -> Section:
    kind, name = cause
    meaning = (MISSES if kind == "miss" else ALARMS)[name]
    picture = Picture(sheet, f"{kind}, {name}")
    count = len(analysis.of(kind, name))
    return Section(f"{kind.capitalize()}: {name}", [Text(f"{count}: {meaning}."), picture])


def _source_table(
    analysis: ErrorAnalysis, sources: Mapping[str, Counter[Cause]]
) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    rows = [
        (f"{kind}: {cause}", *(str(counts[kind, cause]) for counts in sources.values()))
        for kind, cause in analysis.causes()
    ]
    return ("errors", *sources), rows


def _causes(analysis: ErrorAnalysis, kind: Kind) -> list[Cause]:
    return [cause for cause in analysis.causes() if cause[0] == kind]


def _cause_document(analysis: ErrorAnalysis, cause: Cause) -> dict[str, Any]:
    kind, name = cause
    errors = analysis.of(kind, name)
    gain = analysis.gains.get(cause)
    document: dict[str, Any] = {"kind": kind, "cause": name, "count": len(errors)}
    if kind == "miss":
        document["ways"] = dict(Counter(error.way for error in errors))
    return {**document, "ap50_given_back": asdict(gain) if gain else None}


def _gain(estimate: Estimate | None) -> str:
    """In points: +1.2 [0.8, 1.7]."""
    if estimate is None or estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{100 * estimate.value:+.1f}"
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
