"""A frame that somebody marked is kept whole, with what was found in it and what was said."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.errors import SourceError
from belisha.service.page.feedback import Answer, Feedback
from belisha.service.page.live import Published
from tests.runtime.service.page.visits import shown

SAID = Answer("missed", "workshop", "ab12")


def test_the_frame_and_the_one_before_are_kept_to_the_byte(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "kept")
    pressed, before = Published(9, shown(9, people=2)), Published(4, shown(4))
    name = feedback.keep(SAID, pressed, before)
    files = sorted(one.name for one in (tmp_path / "kept").iterdir())
    assert files == [f"{name}{end}" for end in ("-before.json", "-before.png", ".json", ".png")]
    picture = cv2.imread(str(tmp_path / "kept" / f"{name}.png"))
    assert np.array_equal(np.asarray(picture), pressed.shown.image_bgr)
    document = json.loads((tmp_path / "kept" / f"{name}.json").read_text())
    assert document["kind"] == "missed"
    assert (document["frame"], document["width"], document["height"]) == (9, 64, 48)
    assert document["bundle"] == "ab12"
    assert document["point"] is None
    assert [one["bbox"] for one in document["detections"]] == [[4, 5, 8, 25], [13, 5, 8, 25]]


def test_the_place_can_be_added_to_the_last_answer_alone(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path)
    first = feedback.keep(SAID, Published(1, shown(1)), None)
    second = feedback.keep(SAID, Published(2, shown(2)), None)
    assert not feedback.mark(first, (1.0, 2.0))
    assert feedback.mark(second, (10.25, 20.0))
    document = json.loads((tmp_path / f"{second}.json").read_text())
    assert document["point"] == [10.2, 20.0]
    assert document["utc"].startswith(f"{second[:4]}-{second[4:6]}-{second[6:8]}T")


def test_a_full_folder_and_one_that_cannot_be_are_said(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, limit_bytes=100)
    feedback.keep(SAID, Published(1, shown(1)), None)
    with pytest.raises(SourceError, match="fetch the frames and delete them"):
        feedback.keep(SAID, Published(2, shown(2)), None)
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="cannot be written"):
        Feedback(tmp_path / "file" / "kept").keep(SAID, Published(3, shown(3)), None)


def test_a_place_is_noted_also_when_the_document_was_fetched_away(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path)
    name = feedback.keep(SAID, Published(1, shown(1)), None)
    (tmp_path / f"{name}.json").unlink()
    assert feedback.mark(name, (1.0, 2.0))
    assert json.loads((tmp_path / f"{name}.json").read_text())["point"] == [1.0, 2.0]
