"""Trackers side by side, on the same boxes of the same drives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from belisha.errors import BelishaError
from belisha.report import Block, Report, Section, Table, Text, Verdict
from benchmarks.tracking.distance_check import BandScores
from benchmarks.tracking.followers import Detected, Follower, identity_frames
from benchmarks.tracking.identity_metrics import IdentityScores, identity_scores

ALL = "all"
COLUMNS = (
    "tracker", "drive", "IDF1", "HOTA", "association", "switches", "MOTA", "missed", "false", "ms",
)  # fmt: skip
DISTANCE_COLUMNS = ("true distance", "boxes", "band holds it", "median error", "band's width")


@dataclass(frozen=True)
class Row:
    """One tracker on one drive, or on all.

    Attributes:
        boxes: what it was given: `detected` or `drawn`.
        tracker, drive: names.
        scores: how it did.
        update_ms: median time of an update, over all drives.
    """

    boxes: str
    tracker: str
    drive: str
    scores: IdentityScores
    update_ms: float


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        rows: of all trackers.
        absent: name -> why somebody could not take part.
        distances: how good the distance band is.
    """

    rows: tuple[Row, ...]
    absent: dict[str, str]
    distances: tuple[BandScores, ...]


def compare(
    boxes: str, given: Sequence[Detected], followers: Sequence[Callable[[], Follower]]
) -> tuple[list[Row], dict[str, str]]:
    """Rows of everybody who could take part, and the reason of everybody who could not.

    Args:
        boxes: name of what they are given.
        given: drives and boxes.
        followers: make one each; may raise.
    """
    rows: list[Row] = []
    absent: dict[str, str] = {}
    for make in followers:
        try:
            followed = make().follow(given)
        except BelishaError as error:
            absent[getattr(make, "__name__", "?")] = str(error)
            continue
        frames = [
            identity_frames(one.drive, found)
            for one, found in zip(given, followed.drives, strict=True)
        ]
        for one, part in zip(given, frames, strict=True):
            scores = identity_scores([part])
            rows.append(Row(boxes, followed.name, one.drive.truth.name, scores, followed.update_ms))
        rows.append(Row(boxes, followed.name, ALL, identity_scores(frames), followed.update_ms))
    return rows, absent


def table_rows(rows: Sequence[Row], boxes: str, *, drives: bool) -> list[tuple[str, ...]]:
    """Cells for `COLUMNS`: the sums, or each drive."""
    return [
        (
            row.tracker,
            row.drive,
            *(
                f"{value:.3f}"
                for value in (row.scores.idf1, row.scores.hota, row.scores.association)
            ),
            str(row.scores.switches),
            f"{row.scores.mota:.3f}",
            str(row.scores.missed),
            str(row.scores.false_alarms),
            f"{row.update_ms:.2f}",
        )
        for row in rows
        if row.boxes == boxes and (row.drive != ALL) == drives
    ]


def distance_rows(bands: Sequence[BandScores]) -> list[tuple[str, ...]]:
    """Cells for `DISTANCE_COLUMNS`."""
    return [
        (
            f"{band.low_m:g} to {band.high_m:g} m",
            str(band.boxes),
            f"{band.held:.0%}",
            f"{band.error:.0%}",
            f"{band.width:.0%}",
        )
        for band in bands
    ]


def report_of(comparison: Comparison) -> Report:
    """The page."""
    kinds = dict.fromkeys(row.boxes for row in comparison.rows)
    sections = [Section(_TITLES[kind], _blocks(comparison, kind)) for kind in kinds]
    distance = Table(DISTANCE_COLUMNS, distance_rows(comparison.distances))
    sections.append(Section("Distance", (Text(_DISTANCE_NOTE), distance)))
    return Report("Tracking on rendered drives", _SUMMARY, sections)


def _blocks(comparison: Comparison, kind: str) -> list[Block]:
    blocks: list[Block] = [
        Table(COLUMNS, table_rows(comparison.rows, kind, drives=False), "All drives together"),
        Table(COLUMNS, table_rows(comparison.rows, kind, drives=True), "Drive by drive"),
    ]
    absent = [Verdict(None, f"{name}: {why}") for name, why in comparison.absent.items()]
    return [*absent, *blocks]


_TITLES = {
    "detected": "On the detector's boxes",
    "drawn": "On the truth with errors drawn by chance",
}
_SUMMARY = (
    "Who keeps the identities of people best, on the same boxes: ours, ours without the frames (so "
    "without ego-motion), and ByteTrack. IDF1, HOTA and association are better high, switches low."
)
_DISTANCE_NOTE = (
    "Of people whom the detector finds. The band should hold the true distance nine times in ten; "
    "the renderer's people are adults on nearly flat streets."
)
