"""Video files, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.cameras.video import VideoFile
from belisha.errors import SourceError
from tests.pictures import write_video


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.webm", "VP80")])
def test_every_frame_of_a_video_is_read(tmp_path: Path, name: str, codec: str) -> None:
    video = VideoFile(write_video(tmp_path / name, 12, codec), name)
    frames = [video.read() for _ in range(12)]
    assert [frame.index for frame in frames if frame] == list(range(12))
    assert all(frame.rate_hz == pytest.approx(10) for frame in frames if frame)
    bright = [int(frame.image_bgr[24, :, 0].argmax()) // 16 for frame in frames if frame]
    assert bright == [index % 8 for index in range(12)]
    assert video.read() is None


def test_a_video_that_ends_early_says_after_how_many_frames(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.avi", 40).read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(whole[: len(whole) // 2])
    video = VideoFile(path, "cut.avi")
    frames = 0
    with pytest.raises(SourceError, match=r"cut\.avi: the video ended early, after \d+ of 40"):
        while video.read() is not None:
            frames += 1
    assert 10 < frames < 40


@pytest.mark.parametrize("content", [b"", b"no video", bytes(100_000)])
def test_junk_is_an_error_that_names_the_file(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "junk.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"junk\.mp4: expected a video, got {len(content)} b"):
        VideoFile(path, "junk.mp4")
    assert capfd.readouterr().err == ""


def test_an_absent_video_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.mp4: no such file"):
        VideoFile(tmp_path / "gone.mp4", "gone.mp4")
