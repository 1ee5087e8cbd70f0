"""The demo clip that ships: small, whole, and its truth belongs to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import belisha
from belisha.errors import MissingLibraryError
from tests.interpreter import run_python
from training.scenes.clip import RATE_HZ, SECTIONS, TRUTH, VIDEO, section_scene
from training.scenes.webm import encode_webm, find_encoder

CHAMPION = Path(belisha.__file__).parent / "champion"


def frames_of(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(RATE_HZ)
    frames = []
    while True:
        good, frame = capture.read()
        if not good:
            return frames
        frames.append(frame)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CHAMPION / TRUTH).read_text())
    return document


def test_each_frame_of_the_shipped_clip_has_its_truth(truth: dict[str, Any]) -> None:
    frames = frames_of(CHAMPION / VIDEO)
    assert len(frames) == len(truth["frames"]) == 10 * RATE_HZ
    assert frames[0].shape == (truth["height"], truth["width"], 3)
    assert [entry["frame"] for entry in truth["frames"]] == list(range(len(frames)))


def test_the_shipped_clip_is_under_one_and_a_half_megabytes() -> None:
    assert sum((CHAMPION / name).stat().st_size for name in (VIDEO, TRUTH)) < 1_500_000


def test_the_four_hours_come_in_order_each_with_people_near_and_far(truth: dict[str, Any]) -> None:
    conditions = list(dict.fromkeys(entry["condition"] for entry in truth["frames"]))
    assert conditions == [section.name for section in SECTIONS]
    for condition in conditions:
        entries = [entry for entry in truth["frames"] if entry["condition"] == condition]
        people = [person for entry in entries for person in entry["people"]]
        counted = [person for person in people if not person["dont_care"]]
        assert len({person["track"] for person in counted}) >= 6
        assert min(person["distance_m"] for person in counted) < 12
        assert max(person["distance_m"] for person in counted) > 25
        assert any(person["dont_care"] for person in people)


def test_boxes_lie_in_the_picture_and_move_little_from_frame_to_frame(
    truth: dict[str, Any],
) -> None:
    before: dict[tuple[str, int], np.ndarray] = {}
    for entry in truth["frames"]:
        now = {}
        for person in entry["people"]:
            left, top, right, bottom = person["xyxy"]
            assert 0 <= left < right <= truth["width"]
            assert 0 <= top < bottom <= truth["height"]
            key = entry["condition"], person["track"]
            now[key] = np.array(person["xyxy"])
            if key in before:
                assert abs(now[key] - before[key]).max() < 0.35 * (bottom - top) + 6
        before = now


def test_a_section_is_the_same_each_time() -> None:
    first, second = section_scene(SECTIONS[0]), section_scene(SECTIONS[0])
    assert np.array_equal(first.street.mesh.vertices, second.street.mesh.vertices)
    assert np.array_equal(first.moving(1.0).things.vertices, second.moving(1.0).things.vertices)


def test_frames_survive_the_encoder_in_number_and_order(tmp_path: Path) -> None:
    try:
        find_encoder()
    except MissingLibraryError as error:
        pytest.skip(str(error))
    frames = [np.full((64, 96, 3), 20 * index, np.uint8) for index in range(9)]
    path = tmp_path / "clip.webm"
    path.write_bytes(encode_webm(frames, RATE_HZ, 200))
    assert path.read_bytes() == encode_webm(frames, RATE_HZ, 200)
    levels = [frame.mean() for frame in frames_of(path)]
    assert levels == pytest.approx([20 * index for index in range(9)], abs=6)


def test_without_the_encoder_the_message_says_what_to_install() -> None:
    code = (
        "import os; os.environ['PATH'] = ''\n"
        "from training.scenes.webm import find_encoder\n"
        "try:\n    find_encoder()\n"
        "except Exception as error:\n    print(error)\n"
    )
    assert "apt-get install -y vpx-tools" in run_python(code).stdout
