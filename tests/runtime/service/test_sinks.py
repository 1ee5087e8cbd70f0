"""What sinks write is whole, in the right place, and never over an input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.cameras.picture import read_picture
from belisha.errors import SourceError, UsageError
from belisha.service.sinks import Collector, FolderSink, VideoSink
from tests.doubles import frame_of, result_of
from tests.toy import scene

ONE = Boxes(as_xyxy([(16, 8, 24, 16)]), np.array([0.75], np.float32))
VIDEO_FRAME = replace(frame_of(scene((2, 1), scale=4), "clip.mp4"), rate_hz=10.0)


def test_the_collector_records_x_y_width_height() -> None:
    collector = Collector()
    collector.write(result_of(frame_of(scene(), "drive/a.png", 7), ONE))
    assert collector.records == [
        {"file_name": "drive/a.png", "frame": 7, "bbox": [16.0, 8.0, 8.0, 8.0], "score": 0.75}
    ]


@pytest.mark.parametrize("name", ["a.png", "day/a.jpg", "a.bmp"])
def test_a_picture_keeps_its_name_and_gets_its_boxes(tmp_path: Path, name: str) -> None:
    sink = FolderSink(tmp_path / "out")
    sink.write(result_of(frame_of(scene(), name), ONE))
    sink.close()
    drawn = read_picture(tmp_path / "out" / name)
    assert drawn.shape == (48, 64, 3)
    blue, _, red = drawn[12, 16].astype(int)  # on the box's left side
    assert red > blue + 100


@pytest.mark.parametrize("name", ["../../a.png", "/etc/a.png"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    sink = FolderSink(tmp_path / "out")
    sink.write(result_of(frame_of(scene(), name), ONE))
    assert len(list((tmp_path / "out").rglob("a.png"))) == 1


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    original = tmp_path / "a.png"
    original.write_bytes(b"precious")
    with pytest.raises(UsageError, match="is one of the inputs"):
        FolderSink(tmp_path, {original.resolve()}).write(result_of(frame_of(scene()), ONE))
    with pytest.raises(UsageError, match="is one of the inputs"):
        VideoSink(tmp_path / "a.webm", {(tmp_path / "a.webm").resolve()})
    assert original.read_bytes() == b"precious"


def test_a_video_becomes_webm_and_appears_only_when_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.webm"
    sink = VideoSink(path)
    for _ in range(5):
        sink.write(result_of(VIDEO_FRAME, ONE))
    assert not path.exists()
    sink.close()
    capture = cv2.VideoCapture(str(path))
    frames = [capture.read()[1] for _ in range(5)]
    assert all(frame is not None and frame.shape == (192, 256, 3) for frame in frames)
    assert [file.name for file in path.parent.iterdir()] == ["out.webm"]


def test_frames_of_another_size_are_fitted_to_the_first(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.webm")
    for scale in (2, 3):
        sink.write(result_of(frame_of(scene(scale=scale)), Boxes.empty()))
    sink.close()
    capture = cv2.VideoCapture(str(tmp_path / "out.webm"))
    assert [capture.read()[1].shape for _ in range(2)] == [(96, 128, 3)] * 2


def test_two_clips_of_one_name_make_two_videos(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    for source in ("clip.mp4", "clip.avi"):
        sink.write(result_of(replace(VIDEO_FRAME, source=source), ONE))
    sink.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["clip.avi.webm", "clip.webm"]


def test_only_webm_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a name that ends in \.webm"):
        VideoSink(tmp_path / "out.mp4")


def test_an_unwritable_place_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SourceError, match="cannot be written"):
        FolderSink(tmp_path / "file").write(result_of(frame_of(scene()), ONE))
    with pytest.raises(SourceError, match="cannot be written"):
        VideoSink(tmp_path / "file" / "out.webm").write(result_of(VIDEO_FRAME, ONE))
