"""The film: every frame with its boxes, a sheet with a row for each condition."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from belisha.boxes import Boxes, as_xyxy
from belisha.cameras import Frame
from belisha.demo.film import STRIP, Film, contact_sheet
from belisha.demo.truth import Person, Truth, TruthFrame
from belisha.drawing import AMBER_BGR
from belisha.service.sinks import VideoSink
from tests.doubles import result_of

WIDTH, HEIGHT = 96, 64
PERSON = Person(1, (40, 10, 60, 50), 1.0, 8.0, False)
CONDITIONS = ["day"] * 6 + ["night"] * 6
TRUTH = Truth(
    1,
    15.0,
    WIDTH,
    HEIGHT,
    tuple(TruthFrame(index, name, (PERSON,)) for index, name in enumerate(CONDITIONS)),
)
FOUND = Boxes(as_xyxy([PERSON.xyxy]), np.array([0.9], np.float32))
GREY = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)


def filmed(path: Path, *detections: Boxes) -> Film:
    film = Film(TRUTH, VideoSink(path))
    for index, boxes in enumerate(detections):
        film.write(result_of(Frame(GREY, "drive", index, 0.0, 15.0), boxes))
    film.close()
    return film


def holds(picture: np.ndarray, colour: tuple[int, ...], tolerance: int = 4) -> bool:
    """Whether a colour is somewhere in a picture."""
    return bool((np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance).any())


def test_every_frame_is_scored_and_filmed(tmp_path: Path) -> None:
    film = filmed(tmp_path / "drive.webm", *[FOUND, Boxes.empty()] * 6)
    assert [bool(score.found.any()) for score in film.scores] == [True, False] * 6
    capture = cv2.VideoCapture(str(tmp_path / "drive.webm"))
    frames = 0
    while capture.read()[0]:
        frames += 1
    assert frames == 12


def test_the_sheet_has_a_row_for_each_condition_and_two_frames_of_each(tmp_path: Path) -> None:
    sheet = filmed(tmp_path / "drive.webm", *[FOUND] * 12).sheet()
    assert sheet.shape == (2 * (HEIGHT + STRIP), 2 * WIDTH, 3)


def test_who_was_found_is_amber_and_who_was_missed_is_white(tmp_path: Path) -> None:
    found = filmed(tmp_path / "a.webm", *[FOUND] * 12).sheet()[STRIP : STRIP + HEIGHT]
    missed = filmed(tmp_path / "b.webm", *[Boxes.empty()] * 12).sheet()
    missed = missed[STRIP : STRIP + HEIGHT]
    white = (255, 255, 255)
    assert holds(found, AMBER_BGR)
    assert not holds(found, white)
    assert holds(missed, white)
    assert not holds(missed, AMBER_BGR)


def test_a_drive_that_was_cut_short_still_has_its_sheet(tmp_path: Path) -> None:
    sheet = filmed(tmp_path / "drive.webm", *[FOUND] * 3).sheet()
    assert sheet.shape == (HEIGHT + STRIP, 2 * WIDTH, 3)


def test_a_sheet_fills_what_is_missing_with_black() -> None:
    sheet = contact_sheet({"day": [GREY]})
    assert not sheet[STRIP:, WIDTH:].any()
