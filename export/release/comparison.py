"""Two bundles on the same labelled frames, by size and condition, by the paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tqdm import tqdm

from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.engines import REFERENCE
from belisha.errors import UsageError
from export.parity.sightings import Sightings, sight
from training.data.coco import Dataset, Sample
from training.evaluation.bootstrap import Resampling
from training.evaluation.by_cell import change_in_cell, level_of
from training.evaluation.cells import make_cells
from training.evaluation.evaluate import least_score
from training.evaluation.measurement import Estimate


@dataclass(frozen=True, kw_only=True)
class Row:
    """A cell.

    Attributes:
        cell: its name.
        images, people: in it.
        first: figure -> value of the first bundle; nothing where there are no people.
        change: figure -> second minus first, with its interval.
    """

    cell: str
    images: int
    people: int
    first: dict[str, float | None]
    change: dict[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two bundles side by side.

    Attributes:
        first, second: name and digest.
        data: of which frames, for people; and how many.
        fingerprint: of the data.
        frames: how many.
        rows: the whole first.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    data: str
    fingerprint: str
    frames: int
    rows: tuple[Row, ...]

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class View:
    """How to cut the data.

    Attributes:
        heights: in pixels where one size of people ends and the next begins.
        conditions: keys of conditions.
        resampling: for the intervals.
    """

    heights: tuple[float, ...]
    conditions: tuple[str, ...]
    resampling: Resampling


def compare_bundles(first: Bundle, second: Bundle, dataset: Dataset, view: View) -> Comparison:
    """Run both as this machine runs them, and compare.

    Args:
        first: the one to compare with.
        second: the other.
        dataset: frames with their truth; neither may have learnt from just these.
        view: how to cut the data.

    Raises:
        UsageError: one of them was trained on this very data.
        EngineError: one does not run.
        DatasetError: a picture cannot be read.
    """
    for bundle in (first, second):
        _check_not_learnt(bundle, dataset)
    # An alias for each side: both may be called the same.
    with (
        _open(first) as one,
        _open(second) as other,
    ):
        seen = sight({"first": one, "second": other}, dataset.samples)
    return Comparison(
        first=(first.manifest.name, first.digest),
        second=(second.manifest.name, second.digest),
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        frames=len(dataset),
        rows=_rows(seen, dataset.samples, view),
    )


def _open(bundle: Bundle) -> Detector:
    """Reporting far below its threshold."""
    least = least_score(bundle.manifest.head.calibration)
    return Detector.open(bundle.path, engine=REFERENCE, threshold=least)


def _check_not_learnt(bundle: Bundle, dataset: Dataset) -> None:
    fingerprint = dataset.fingerprint
    for name, learnt in bundle.manifest.data_fingerprints.items():
        if learnt == fingerprint:
            raise UsageError(
                f"{bundle.manifest.name} learnt from just these frames ({name}): compare on others"
            )


def _rows(seen: Sightings, samples: Sequence[Sample], view: View) -> tuple[Row, ...]:
    cells = make_cells(seen.conditions, view.conditions, view.heights)
    first, second = seen.detections["first"], seen.detections["second"]
    rows = []
    for cell in tqdm(cells, desc="compare", unit="cell", leave=False, disable=None):
        level = level_of(cell, len(cells))
        found = change_in_cell(cell, first, [second], samples, view.resampling, level)
        rows.append(
            Row(
                cell=cell.name,
                images=found.images,
                people=found.people,
                first=found.first,
                change=found.changes[0],
            )
        )
    return tuple(rows)
