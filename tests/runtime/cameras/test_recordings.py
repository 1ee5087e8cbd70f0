"""What the user names becomes frames, in order, and a bad file costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.cameras import Frame
from belisha.cameras.recordings import Recordings, find_recordings
from belisha.errors import FrameError, SourceError
from tests.pictures import write_picture, write_video
from tests.toy import scene


def read_all(*sources: str) -> tuple[list[Frame], list[str]]:
    """All frames of the sources, and the messages of what failed."""
    camera, frames, failures = Recordings(find_recordings(sources)), [], []
    while True:
        try:
            frame = camera.read()
        except (FrameError, SourceError) as error:
            failures.append(str(error))
            continue
        if frame is None:
            camera.close()
            return frames, failures
        frames.append(frame)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them in a subfolder, a video, and things that are none of these."""
    root = tmp_path / "drive"
    (root / "day").mkdir(parents=True)
    write_picture(root / "b.png", scene((1, 1)))
    write_picture(root / "day" / "a.jpg", scene((2, 1)))
    write_video(root / "c.avi", 3)
    (root / "notes.txt").write_text("rain from minute 3")
    (root / ".hidden.png").write_bytes(b"")
    return root


def test_a_folder_gives_its_pictures_and_videos_sorted(folder: Path) -> None:
    frames, failures = read_all(str(folder))
    assert [(frame.source, frame.index) for frame in frames] == [
        ("b.png", 0),
        ("c.avi", 0),
        ("c.avi", 1),
        ("c.avi", 2),
        ("day/a.jpg", 0),
    ]
    assert failures == []


def test_a_pattern_gives_what_it_matches(folder: Path) -> None:
    frames, _ = read_all(str(folder / "**" / "*.jpg"))
    assert [frame.source for frame in frames] == ["a.jpg"]


def test_a_file_named_twice_is_read_once(folder: Path) -> None:
    frames, _ = read_all(str(folder / "b.png"), str(folder / "*.png"))
    assert [frame.source for frame in frames] == ["b.png"]


def test_equal_names_are_told_apart_by_the_whole_path(folder: Path) -> None:
    twin = write_picture(folder / "day" / "b.png", scene())
    frames, _ = read_all(str(folder / "b.png"), str(twin))
    assert [frame.source for frame in frames] == [str(folder / "b.png"), str(twin)]


def test_a_file_whose_name_has_wildcards_is_read(tmp_path: Path) -> None:
    write_picture(tmp_path / "a[1].png", scene())
    frames, _ = read_all(str(tmp_path / "a[1].png"))
    assert [frame.source for frame in frames] == ["a[1].png"]


def test_junk_in_a_folder_costs_one_failure_each(folder: Path) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "empty.mp4").write_bytes(b"")
    frames, failures = read_all(str(folder), str(folder / "absent.png"))
    assert len(frames) == 5
    assert [failure.split(":")[0].rsplit("/", 1)[1] for failure in failures] == [
        "broken.jpg",
        "empty.mp4",
        "absent.png",
    ]


@pytest.mark.parametrize("source", ["", "nothing-*.png"])
def test_nothing_to_read_is_an_error_that_says_what_was_expected(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "notes.txt").write_text("no pictures here")
    with pytest.raises(SourceError, match=r"expected pictures or videos in .*\.jpg"):
        find_recordings([str(tmp_path / source)])


def test_the_number_of_frames_is_known_for_pictures_and_for_one_video(folder: Path) -> None:
    def expected(source: str) -> int | None:
        return Recordings(find_recordings([source])).expected

    assert expected(str(folder / "*.png")) == 1
    assert expected(str(folder / "c.avi")) == 3
    assert expected(str(folder)) is None
    (folder / "bad.avi").write_bytes(b"junk")
    assert expected(str(folder / "bad.avi")) is None
