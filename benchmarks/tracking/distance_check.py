"""How often the distance band holds the truth, on people whom the detector finds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from belisha.boxes import as_xyxy
from belisha.matching import UNMATCHED, match
from belisha.service.distance import distances
from belisha.service.mounting import Mounting
from benchmarks.tracking.drives import HEIGHT, WIDTH, DriveTruth
from benchmarks.tracking.followers import Detected

BANDS_M = ((0.0, 8.0), (8.0, 16.0), (16.0, 30.0), (30.0, 100.0))


@dataclass(frozen=True)
class BandScores:
    """How good the estimate is for people at some distance.

    Attributes:
        low_m, high_m: the true distance.
        boxes: how many.
        held: share of them whose band holds the truth.
        error: median of the estimate's error, as a share of the truth.
        width: median width of the band, as a share of the truth.
    """

    low_m: float
    high_m: float
    boxes: int
    held: float
    error: float
    width: float


def check_distances(detected: Sequence[Detected], least_score: float) -> tuple[BandScores, ...]:
    """Score the estimate on found people, by their true distance; empty bands are left out."""
    rows = np.concatenate([_rows(one, least_score) for one in detected])
    return tuple(
        _scores(low, high, chosen)
        for low, high in BANDS_M
        if len(chosen := rows[(rows[:, 0] >= low) & (rows[:, 0] < high)])
    )


def mounting_of(truth: DriveTruth) -> Mounting:
    """How the drive's camera sits."""
    fov = math.degrees(2 * math.atan(WIDTH / 2 / truth.focal_px))
    return Mounting(truth.height_m, fov, truth.horizon_px / HEIGHT)


def _rows(one: Detected, least_score: float) -> np.ndarray:
    """(N, 4) true distance, estimate, and both ends of the band, of each person found."""
    mounting, rows = mounting_of(one.drive.truth), [np.zeros((0, 4))]
    for people, found in zip(one.drive.truth.frames, one.boxes, strict=True):
        asked = [person for person in people if not person.dont_care]
        sure = found[found.scores >= least_score]
        owner = match(sure, as_xyxy([person.xyxy for person in asked])).reference
        hit = owner != UNMATCHED
        band = distances(sure.xyxy[hit], mounting, WIDTH, HEIGHT)
        true = np.array([asked[index].distance_m for index in owner[hit]])
        rows.append(np.stack([true, band.metres, band.low_m, band.high_m], axis=1).reshape(-1, 4))
    return np.concatenate(rows)


def _scores(low: float, high: float, rows: np.ndarray) -> BandScores:
    true, estimate, near, far = rows.T
    return BandScores(
        low_m=low,
        high_m=high,
        boxes=len(rows),
        held=float(((near <= true) & (true <= far)).mean()),
        error=float(np.median(np.abs(estimate / true - 1))),
        width=float(np.median((far - near) / true)),
    )
