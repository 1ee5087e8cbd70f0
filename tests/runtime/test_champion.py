"""What ships works where it is installed: the bundle, its card, the drive, the demonstration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from belisha import champion
from belisha.bundle import Bundle
from belisha.cameras.video import VideoFile
from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch
from belisha.demo.score import FrameScore, Tally, false_alarms_per_frame, score_frame, tally
from belisha.demo.truth import Truth, read_truth
from belisha.detector import Detector
from belisha.golden import check_golden

MAX_BUNDLE_BYTES, MAX_CLIP_BYTES = 2_300_000, 1_500_000
EVERY = 3
"""Of the drive's frames one in so many is looked at here."""


@pytest.fixture(scope="module")
def truth() -> Truth:
    return read_truth(champion.TRUTH)


@pytest.fixture(scope="module")
def scores(truth: Truth) -> list[FrameScore]:
    """The champion on the drive."""
    with Detector.open(threads=1) as detector:
        return [
            score_frame(frame, detector(frame.image_bgr), truth)
            for frame in _frames()
            if frame.index % EVERY == 0
        ]


def _frames() -> Iterator:
    video = VideoFile(champion.CLIP, "demo.webm")
    while (frame := video.read()) is not None:
        yield frame


def test_it_is_small_enough_for_a_wheel() -> None:
    assert champion.BUNDLE.stat().st_size < MAX_BUNDLE_BYTES
    assert champion.CLIP.stat().st_size + champion.TRUTH.stat().st_size < MAX_CLIP_BYTES


def test_it_computes_here_what_it_computed_where_it_was_made() -> None:
    with Detector.open(threads=1) as detector:
        verdicts = check_golden(detector)
    assert len(verdicts) >= 2
    assert all(verdict.passed and verdict.expected for verdict in verdicts)


def test_it_holds_both_int8_flavours_and_takes_frames_of_a_cameras_aspect() -> None:
    manifest = Bundle.open(champion.BUNDLE).manifest
    assert set(manifest.models) == {"int8_cpu", "int8_tensorrt"}
    assert (manifest.preprocessing.width, manifest.preprocessing.height) == (640, 480)


def test_its_card_names_licence_data_and_failures() -> None:
    bundle = Bundle.open(champion.BUNDLE)
    card = bundle.read(bundle.manifest.model_card or "").decode()
    beside = (champion.BUNDLE.parent / "model_card.md").read_text()
    assert card.startswith(beside.rstrip()), "the build adds scores and threshold at the end"
    for wanted in ("research only", "CamVid", "CityPersons", "IDD", "Known failures", "safety"):
        assert wanted in card
    assert "research" in bundle.manifest.licence


def test_the_drive_has_a_truth_for_every_frame(truth: Truth) -> None:
    assert sum(1 for _ in _frames()) == len(truth.frames) == 150
    assert len(truth.conditions) == 4


def test_it_finds_most_people_of_the_drive(truth: Truth, scores: list[FrameScore]) -> None:
    everybody = tally(scores)
    assert everybody.found > 0.42 * everybody.asked
    near = tally(scores, band_m=(0, 20))
    assert near.found > 0.55 * near.asked
    assert false_alarms_per_frame(scores) < 1.5
    for condition in truth.conditions:
        assert tally(scores, condition=condition) != Tally(0, 0)


def test_the_demonstration_leaves_a_video_a_sheet_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["demo", "--out", str(tmp_path / "demo"), "--threads", "1", "--json"]
    assert dispatch("belisha", "", COMMANDS, arguments) == 0
    out = capsys.readouterr().out
    document = json.loads(out.splitlines()[-1])
    assert document["frames"] == 150
    assert document["people_found"] > 0.45 * document["people_asked"]
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {
        "contact-sheet.png",
        "demo.webm",
        "report.html",
    }
    assert "belisha detect" in out, "it says what to try next"
