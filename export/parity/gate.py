"""The gate: every flavour against the reference, in every cell, figure by figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from belisha.boxes import Boxes
from belisha.calibration import OWN, Calibration
from belisha.manifest import Flavour
from export.parity.agreement import Agreement, agree
from export.parity.rules import Bounds, Rules
from export.parity.verdicts import Figure, Limit, judge
from training.data.coco import Sample
from training.evaluation.bootstrap import Resampling, draw, interval, units
from training.evaluation.by_cell import CellChange, change_in_cell, level_of
from training.evaluation.cells import WHOLE, Cell
from training.evaluation.measurement import Estimate
from training.evaluation.ranking import Weights


@dataclass(frozen=True, kw_only=True)
class Row:
    """A flavour in a cell.

    Attributes:
        flavour: the candidate.
        cell: its name.
        people: asked for in the cell.
        detections: of the reference in the cell, at the threshold.
        lost: of these, how many the candidate lacks.
        new: detections of the candidate that the reference lacks.
        reference: `ap50` and `miss_rate` of the reference; nothing where there are no people.
        figures: name -> verdict; of `ap50` and `miss_rate` the change.
    """

    flavour: Flavour
    cell: str
    people: int
    detections: int
    lost: int
    new: int
    reference: dict[str, float | None]
    figures: dict[str, Figure]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parity:
    """What the gate says.

    Attributes:
        reference: what the flavours were compared with.
        data: on which frames, for people.
        frames: how many.
        threshold: score from which detections were compared.
        rules: that were applied.
        rows: by flavour, and there by cell, all of it first.
        agreements: by flavour, detection by detection.
        samples: the frames.
    """

    reference: str
    data: str
    frames: int
    threshold: float
    rules: Rules
    rows: tuple[Row, ...]
    agreements: Mapping[Flavour, Agreement]
    samples: tuple[Sample, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it does not pass, one sentence each; none if it passes.

        Not enough data excuses a part, but not the whole: then nothing was shown.
        """
        if not self.rows:
            return ("nothing was compared: there are no frames to compare on",)
        return tuple(
            sentence
            for row in self.rows
            for name, figure in row.figures.items()
            if (sentence := _failure(row, name, figure))
        )

    @property
    def passed(self) -> bool:
        """Whether a bundle may be made of these flavours."""
        return not self.failures

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "passed": self.passed,
            "failures": list(self.failures),
            "reference": self.reference,
            "data": self.data,
            "frames": self.frames,
            "threshold": self.threshold,
            "rules": asdict(self.rules),
            "rows": [asdict(row) for row in self.rows],
        }


def nothing_compared(reference: str, threshold: float, rules: Rules) -> Parity:
    """What the gate says where there are no frames: it does not pass."""
    return Parity(
        reference=reference,
        data="nothing",
        frames=0,
        threshold=threshold,
        rules=rules,
        rows=(),
        agreements={},
        samples=(),
    )


def compare(
    reference: Sequence[Boxes],
    candidates: Mapping[Flavour, Sequence[Boxes]],
    samples: Sequence[Sample],
    cells: Sequence[Cell],
    *,
    names: tuple[str, str],
    threshold: float,
    rules: Rules,
    calibration: Calibration = OWN,
) -> Parity:
    """Compare what detectors found on the same frames.

    Args:
        reference: by frame, best first, from `least_score` on.
        candidates: flavour -> likewise.
        samples: the N frames with their truth.
        cells: over these frames, `WHOLE` among them.
        names: of the reference, and of the data.
        threshold: of the bundle.
        rules: what is allowed.
        calibration: of all these scores.
    """
    agreements = {
        flavour: agree(
            reference,
            found,
            threshold=threshold,
            hysteresis=min(rules.hysteresis, threshold),
            min_iou=rules.min_iou,
            calibration=calibration,
        )
        for flavour, found in candidates.items()
    }
    rows: dict[Flavour, list[Row]] = {flavour: [] for flavour in candidates}
    weights = _weights(samples, rules.resampling)
    for cell in tqdm(cells, desc="parity", unit="cell", leave=False, disable=None):
        level = level_of(cell, len(cells))
        found = list(candidates.values())
        truth = change_in_cell(cell, reference, found, samples, rules.resampling, level)
        for (flavour, agreement), change in zip(agreements.items(), truth.changes, strict=True):
            shares = _shares(agreement, cell, _Draws(weights, level))
            rows[flavour].append(_row(flavour, cell, shares, truth, change, rules))
    return Parity(
        reference=names[0],
        data=names[1],
        frames=len(samples),
        threshold=threshold,
        rules=rules,
        rows=tuple(row for flavour in candidates for row in rows[flavour]),
        agreements=agreements,
        samples=tuple(samples),
    )


@dataclass(frozen=True, eq=False)
class _Draws:
    """What the intervals of a cell come from.

    Attributes:
        weights: (R, N) resamples of all frames.
        level: of the intervals.
    """

    weights: Weights
    level: float


@dataclass(frozen=True)
class _Shares:
    """How two detectors agree in a cell.

    Attributes:
        detections, candidates: of reference and candidate, at the threshold.
        lost, new: of these, without a partner.
        estimates: figure -> its value.
    """

    detections: int
    candidates: int
    lost: int
    new: int
    estimates: dict[str, Estimate]


def _weights(samples: Sequence[Sample], resampling: Resampling) -> Weights:
    """(R, N) all resamples of the frames."""
    return next(draw(units(samples, resampling.group), resampling, resampling.count))


def _shares(agreement: Agreement, cell: Cell, draws: _Draws) -> _Shares:
    """Recall, precision, overlap and shift of scores in a cell, with intervals."""
    mine, theirs = agreement.reference, agreement.candidate
    ours = cell.holds(mine.frames, mine.boxes.xyxy)
    others = cell.holds(theirs.frames, theirs.boxes.xyxy)
    both = ours & mine.partner
    return _Shares(
        detections=int(ours.sum()),
        candidates=int(others.sum()),
        lost=int((ours & ~mine.partner).sum()),
        new=int((others & ~theirs.partner).sum()),
        estimates={
            "recall": _mean(mine.frames[ours], mine.partner[ours], draws),
            "precision": _mean(theirs.frames[others], theirs.partner[others], draws),
            "iou": _mean(mine.frames[both], mine.overlaps[both], draws),
            "shift": _mean(mine.frames[both], np.abs(mine.shifts[both]), draws),
        },
    )


def _mean(frames: NDArray[np.intp], values: NDArray[Any], draws: _Draws) -> Estimate:
    """Mean of values that belong to frames."""
    if not len(frames):
        return Estimate(None, reason="no detection here")
    count = draws.weights.shape[1]
    sums = draws.weights @ np.bincount(frames, values, minlength=count)
    numbers = draws.weights @ np.bincount(frames, minlength=count)
    drawn = np.divide(sums, numbers, out=np.full(len(sums), np.nan), where=numbers > 0)
    low, high = interval(drawn, draws.level) or (None, None)
    return Estimate(float(values.mean()), low, high)


def _row(
    flavour: Flavour,
    cell: Cell,
    shares: _Shares,
    truth: CellChange,
    changes: Mapping[str, Estimate],
    rules: Rules,
) -> Row:
    limits = _limits(rules.bounds(flavour))
    counts = dict.fromkeys(limits, shares.detections)
    counts |= {"precision": shares.candidates, **dict.fromkeys(changes, truth.people)}
    figures = {}
    for name, estimate in {**shares.estimates, **changes}.items():
        least = rules.least_people if name in changes else rules.least_detections
        enough = counts[name] >= least
        figures[name] = judge(estimate, limits[name], enough=enough, whole=cell.name == WHOLE)
    return Row(
        flavour=flavour,
        cell=cell.name,
        people=truth.people,
        detections=shares.detections,
        lost=shares.lost,
        new=shares.new,
        reference=truth.first,
        figures=figures,
    )


def _limits(bounds: Bounds) -> dict[str, Limit]:
    """Figure -> what is allowed of it."""
    return {
        "recall": Limit(bounds.least_recall, 1.0, more_is_worse=False),
        "precision": Limit(bounds.least_precision, 1.0, more_is_worse=False),
        "iou": Limit(bounds.least_iou, 1.0, more_is_worse=False),
        "shift": Limit(bounds.most_shift, 0.0, more_is_worse=True),
        "ap50": Limit(-bounds.most_ap50_loss, 0.0, more_is_worse=False),
        "miss_rate": Limit(bounds.most_miss_rate_rise, 0.0, more_is_worse=True),
    }


def _failure(row: Row, name: str, figure: Figure) -> str:
    """Why a figure stops the export, or nothing if it does not."""
    value = figure.estimate.value
    if figure.verdict == "failed" and value is not None:
        return (
            f"{row.flavour}, {row.cell}: {name.replace('_', ' ')} {value:.4f}, "
            f"allowed {figure.bound:g}"
        )
    if figure.verdict == "not enough data" and row.cell == WHOLE:
        return (
            f"{row.flavour}: {name.replace('_', ' ')} could not be judged: {row.people} people, "
            f"{row.detections} detections of the reference: compare on more frames"
        )
    return ""
