"""The truth of a clip is read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from belisha.demo.truth import MAX_BYTES, read_truth
from belisha.errors import BelishaError

PERSON = {"track": 3, "xyxy": [1, 2, 3, 4], "visible": 0.5, "distance_m": 9, "dont_care": False}


def document(**changes: Any) -> dict[str, Any]:
    frames = [{"frame": 0, "condition": "day", "people": [PERSON]}]
    return {"format": 1, "fps": 15.0, "width": 64, "height": 48, "frames": frames, **changes}


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(content))
    return path


def test_people_boxes_and_conditions_are_there(tmp_path: Path) -> None:
    truth = read_truth(written(tmp_path, document()))
    (frame,) = truth.frames
    assert frame.xyxy.tolist() == [[1, 2, 3, 4]]
    assert frame.dont_care.tolist() == [False]
    assert truth.conditions == ("day",)


def test_a_frame_may_be_empty(tmp_path: Path) -> None:
    frames = [{"frame": 0, "condition": "day", "people": []}]
    (frame,) = read_truth(written(tmp_path, document(frames=frames))).frames
    assert frame.xyxy.shape == (0, 4)
    assert frame.dont_care.shape == (0,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document(format=2), "expected format 1, got 2"),
        (document(frames=[{"frame": 1, "condition": "day", "people": []}]), "numbered from 0"),
        (document(colour="red"), "colour"),
        (document(frames=[{"frame": 0, "condition": "day", "people": [{"track": 1}]}]), "xyxy"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(BelishaError, match=message):
        read_truth(written(tmp_path, content))


def test_absent_and_endless_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BelishaError, match=r"truth.json: cannot be read"):
        read_truth(tmp_path / "truth.json")
    (tmp_path / "truth.json").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(BelishaError, match="at most"):
        read_truth(tmp_path / "truth.json")
