"""Trackers compared on a small drive written by the test; rendering one for real, where it can."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.errors import MissingLibraryError, UsageError
from belisha.service.tracks import TrackerSettings
from benchmarks.own_environment import check_python
from benchmarks.tracking.comparison import (
    ALL,
    COLUMNS,
    Comparison,
    compare,
    report_of,
    table_rows,
)
from benchmarks.tracking.distance_check import check_distances, mounting_of
from benchmarks.tracking.drives import FORMAT, HEIGHT, WIDTH, Drive, DriveTruth, Plan, Truth, drive
from benchmarks.tracking.followers import Follower, ForeignFollower, OurFollower
from benchmarks.tracking.found_boxes import drawn
from training.scenes.light import Conditions

FOCAL_PX, HEIGHT_M, HORIZON_PX, FRAMES = 600.0, 1.35, 220.0, 60


def walker(track: int, metres: float, right_m: float) -> Truth:
    """A grown-up on a flat road."""
    scale = FOCAL_PX / metres
    x, foot = WIDTH / 2 + right_m * scale, HORIZON_PX + HEIGHT_M * scale
    xyxy = (x - 0.25 * scale, foot - 1.68 * scale, x + 0.25 * scale, foot)
    return Truth(track, xyxy, dont_care=False, distance_m=metres, truncated=False)


@pytest.fixture
def walk(tmp_path: Path) -> Drive:
    """Three people who walk across, one of them behind the others."""
    frames = tuple(
        (
            walker(1, 8, -3 + 0.09 * t),
            walker(2, 14, 4 - 0.1 * t),
            walker(3, 25, -6 + 0.08 * t),
        )
        for t in range(FRAMES)
    )
    black = cv2.imencode(".jpg", np.zeros((HEIGHT, WIDTH, 3), np.uint8))[1].tobytes()
    for index in range(FRAMES):
        (tmp_path / f"{index:05d}.jpg").write_bytes(black)
    return Drive(tmp_path, DriveTruth(FORMAT, "walk", 15, FOCAL_PX, HEIGHT_M, HORIZON_PX, frames))


def ours() -> Follower:
    return OurFollower(TrackerSettings(), with_frames=True)


def without_frames() -> Follower:
    return OurFollower(TrackerSettings(), with_frames=False)


def absentee() -> Follower:
    return ForeignFollower(check_python(Path("/no/python")), "ByteTrack", {})


def test_everybody_is_scored_and_the_absent_are_listed_with_the_reason(walk: Drive) -> None:
    rows, absent = compare("drawn", [drawn(walk)], [ours, without_frames, absentee])
    assert [(row.tracker, row.drive) for row in rows] == [
        ("Belisha", "walk"),
        ("Belisha", ALL),
        ("Belisha, without frames", "walk"),
        ("Belisha, without frames", ALL),
    ]
    assert absent == {"absentee": "expected a Python interpreter, got /no/python"}
    assert rows[0].scores.people == 3
    assert rows[0].scores.idf1 > 0.85, "three walkers are an easy case"
    assert rows[0].scores == rows[1].scores
    assert len(table_rows(rows, "drawn", drives=False)[0]) == len(COLUMNS)


def test_drawn_errors_are_as_many_as_they_say_and_always_the_same(walk: Drive) -> None:
    boxes = drawn(walk).boxes
    assert [one.scores.tolist() for one in boxes] == [
        one.scores.tolist() for one in drawn(walk).boxes
    ]
    found = sum(len(one) for one in boxes)
    assert 0.8 * 3 * FRAMES < found < 1.15 * 3 * FRAMES
    assert all((np.diff(one.scores) <= 0).all() for one in boxes)


def test_the_distance_band_is_scored_by_true_distance(walk: Drive) -> None:
    bands = check_distances([drawn(walk)], 0.4)
    assert [(band.low_m, band.high_m) for band in bands] == [(8, 16), (16, 30)]
    assert all(band.held > 0.85 and band.error < 0.1 for band in bands)
    assert mounting_of(walk.truth).focal_px(WIDTH) == pytest.approx(FOCAL_PX)


def test_the_page_tells_of_all(walk: Drive) -> None:
    rows, absent = compare("drawn", [drawn(walk)], [ours, absentee])
    report = report_of(Comparison(tuple(rows), absent, check_distances([drawn(walk)], 0.4)))
    assert [section.title for section in report.sections] == [
        "On the truth with errors drawn by chance", "Distance",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_drive_is_rendered_once_and_then_read(tmp_path: Path) -> None:
    plan = Plan("short", 11, Conditions("day", "clear"), 7.0, swing_deg=9, seconds=0.14)
    try:
        made = drive(plan, tmp_path)
    except MissingLibraryError as error:
        pytest.skip(str(error))
    first, second = made.images()
    assert first.shape == (HEIGHT, WIDTH, 3)
    assert (first != second).any()
    assert any(made.truth.frames)
    written = (tmp_path / "short" / "truth.json").stat().st_mtime_ns
    assert drive(plan, tmp_path).truth == made.truth
    assert (tmp_path / "short" / "truth.json").stat().st_mtime_ns == written
    document = json.loads((tmp_path / "short" / "truth.json").read_text())
    (tmp_path / "short" / "truth.json").write_text(json.dumps({**document, "format": 0}))
    with pytest.raises(UsageError, match="of another version: remove it"):
        drive(plan, tmp_path)
