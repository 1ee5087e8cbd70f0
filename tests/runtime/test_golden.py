"""The golden check: passes where the exporter's boxes are found again, and counts what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.bundle import Bundle, write_bundle
from belisha.detector import Detector
from belisha.errors import BundleError
from belisha.golden import GoldenVerdict, check_golden, golden_image
from belisha.manifest import ExpectedBox, Golden, GoldenFrame
from tests.toy import scene, toy_files, toy_manifest

SCORE = float(1 / (1 + np.exp(-5.5)))
CELL = ExpectedBox(xyxy=(16.0, 8.0, 24.0, 16.0), score=SCORE)
"""What the toy finds on its golden frame."""
ELSEWHERE = ExpectedBox(xyxy=(40.0, 8.0, 48.0, 16.0), score=SCORE)


def golden_of(*boxes: ExpectedBox, **changes: float) -> Golden:
    frame = GoldenFrame(file="golden/0.png", origin="one white cell", boxes=boxes)
    return replace(toy_manifest().golden, frames=(frame,), **changes)


def verdict_on(path: Path, golden: Golden, picture: bytes | None = None) -> GoldenVerdict:
    files = toy_files() if picture is None else {**toy_files(), "golden/0.png": picture}
    write_bundle(path, toy_manifest(golden=golden), files)
    with Detector.open(path) as detector:
        (verdict,) = check_golden(detector)
    return verdict


def test_the_toy_finds_what_it_should(toy: Bundle) -> None:
    with Detector.open(toy.path) as detector:
        (verdict,) = check_golden(detector)
    assert (verdict.file, verdict.origin) == ("golden/0.png", "one white cell")
    assert verdict.passed
    assert (verdict.expected, verdict.missing, verdict.unexpected) == (1, 0, 0)
    assert verdict.worst_iou == pytest.approx(1, abs=1e-5)
    assert verdict.worst_score_difference == pytest.approx(0, abs=1e-5)


def shifted(pixels: float) -> ExpectedBox:
    left, top, right, bottom = CELL.xyxy
    return replace(CELL, xyxy=(left + pixels, top, right + pixels, bottom))


@pytest.mark.parametrize(
    ("golden", "passed", "missing", "unexpected"),
    [
        pytest.param(golden_of(CELL), True, 0, 0, id="as exported"),
        pytest.param(golden_of(shifted(0.3)), True, 0, 0, id="shifted within min_iou"),
        pytest.param(golden_of(shifted(2)), False, 1, 1, id="shifted beyond min_iou"),
        pytest.param(golden_of(shifted(2), min_iou=0.5), True, 0, 0, id="a milder min_iou"),
        pytest.param(golden_of(CELL, ELSEWHERE), False, 1, 0, id="one more expected"),
        pytest.param(golden_of(CELL, CELL), False, 1, 0, id="one expected twice"),
        pytest.param(golden_of(), False, 0, 1, id="nobody expected"),
        pytest.param(
            golden_of(replace(CELL, score=SCORE - 0.01)), True, 0, 0, id="score within tolerance"
        ),
        pytest.param(
            golden_of(replace(CELL, score=SCORE - 0.03)), False, 0, 0, id="score beyond tolerance"
        ),
        pytest.param(
            golden_of(CELL, replace(ELSEWHERE, score=0.51)), True, 0, 0,
            id="a box that barely reached the threshold may be missing",
        ),
        pytest.param(
            golden_of(threshold=SCORE - 0.01), True, 0, 0,
            id="a box that barely reaches the threshold may be new",
        ),
        pytest.param(
            golden_of(replace(CELL, score=SCORE - 0.03), threshold=0.999), False, 0, 0,
            id="a box that barely fails the threshold is compared all the same",
        ),
        pytest.param(golden_of(threshold=0.999), True, 0, 0, id="nothing to compare"),
    ],
)  # fmt: skip
def test_differences_are_counted(
    tmp_path: Path, golden: Golden, passed: bool, missing: int, unexpected: int
) -> None:
    verdict = verdict_on(tmp_path / "a.bundle", golden)
    assert (verdict.passed, verdict.missing, verdict.unexpected) == (passed, missing, unexpected)
    assert verdict.expected == len(golden.frames[0].boxes)


def test_the_worst_pair_is_reported(tmp_path: Path) -> None:
    verdict = verdict_on(
        tmp_path / "a.bundle", golden_of(replace(shifted(0.3), score=SCORE - 0.03))
    )
    assert verdict.worst_iou == pytest.approx(7.7 / 8.3, abs=1e-4)
    assert verdict.worst_score_difference == pytest.approx(0.03, abs=1e-5)


def test_every_frame_has_a_verdict(tmp_path: Path) -> None:
    empty = cv2.imencode(".png", scene())[1].tobytes()
    frames = (
        GoldenFrame(file="golden/0.png", origin="one white cell", boxes=(CELL,)),
        GoldenFrame(file="golden/1.png", origin="an empty street", boxes=()),
        GoldenFrame(file="golden/1.png", origin="wrong on purpose", boxes=(CELL,)),
    )
    manifest = toy_manifest(golden=replace(toy_manifest().golden, frames=frames))
    write_bundle(tmp_path / "a.bundle", manifest, {**toy_files(), "golden/1.png": empty})
    with Detector.open(tmp_path / "a.bundle") as detector:
        verdicts = check_golden(detector)
    assert [verdict.passed for verdict in verdicts] == [True, True, False]


def test_a_bundle_without_golden_frames_has_no_verdicts(tmp_path: Path) -> None:
    golden = replace(toy_manifest().golden, frames=())
    write_bundle(tmp_path / "a.bundle", toy_manifest(golden=golden), toy_files())
    with Detector.open(tmp_path / "a.bundle") as detector:
        assert check_golden(detector) == ()


def test_the_check_does_not_depend_on_the_threshold_of_the_user(toy: Bundle) -> None:
    with Detector.open(toy.path, threshold=1.0) as detector:
        assert all(verdict.passed for verdict in check_golden(detector))


def test_the_golden_picture_comes_back_pixel_by_pixel(toy: Bundle) -> None:
    (frame,) = toy.manifest.golden.frames
    assert (golden_image(toy, frame) == scene((2, 1))).all()


@pytest.mark.parametrize("picture", [b"", b"not a picture", toy_files()["golden/0.png"][:60]])
def test_a_golden_frame_that_is_no_picture_is_refused(tmp_path: Path, picture: bytes) -> None:
    with pytest.raises(BundleError, match=r"a.bundle: golden frame golden/0.png: "):
        verdict_on(tmp_path / "a.bundle", golden_of(CELL), picture)
