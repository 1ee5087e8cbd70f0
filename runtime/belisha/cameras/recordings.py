"""Recordings: any mix of pictures, videos, folders and glob patterns as one camera."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from belisha.cameras import Frame, picture, video
from belisha.cameras.picture import read_picture
from belisha.cameras.video import VideoFile
from belisha.errors import FrameError, SourceError

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class Recording:
    """A file to read.

    Attributes:
        path: of the file.
        name: what results call it: relative to the folder the user named, else the file's name.
    """

    path: Path
    name: str

    @property
    def is_video(self) -> bool:
        """Whether it is read as a video."""
        return self.path.suffix.lower() in video.SUFFIXES


def find_recordings(sources: Sequence[str]) -> tuple[Recording, ...]:
    """The files that the user named, in order, each once.

    A folder gives its pictures and videos, subfolders included, sorted; other files in it are
    passed over. A file that the user names is kept whatever it is called, so that a wrong one is
    reported. Two files of the same name are told apart by the whole path.

    Raises:
        SourceError: there is nothing to read in any source.
    """
    found: dict[Path, Recording] = {}
    for source in sources:
        for recording in _expand(source):
            found.setdefault(recording.path, recording)
    if not found:
        raise SourceError(
            f"expected pictures or videos in {', '.join(sources) or 'no source at all'}; "
            f"found none of {' '.join(sorted(picture.SUFFIXES | video.SUFFIXES))}"
        )
    uses = Counter(recording.name for recording in found.values())
    return tuple(
        recording if uses[recording.name] == 1 else replace(recording, name=str(recording.path))
        for recording in found.values()
    )


def _expand(source: str) -> list[Recording]:
    """The recordings of one source."""
    path = Path(source)
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if _is_readable(file))
        return [Recording(file, file.relative_to(path).as_posix()) for file in files]
    if path.exists() or not _WILDCARDS & set(source):
        return [Recording(path, path.name)]
    root = Path(path.anchor or ".")
    matches = sorted(root.glob(path.relative_to(path.anchor).as_posix()))
    files = (file for file in matches if file.is_file() and not file.name.startswith("."))
    return [Recording(file, file.name) for file in files]


def _is_readable(path: Path) -> bool:
    known = picture.SUFFIXES | video.SUFFIXES
    return path.suffix.lower() in known and not path.name.startswith(".") and path.is_file()


class Recordings:
    """Files read one after another; see `belisha.cameras.Camera`."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._waiting = list(recordings)
        self._video: VideoFile | None = None
        self._count = len(recordings)
        self._only = recordings[0] if len(recordings) == 1 else None

    @property
    def expected(self) -> int | None:
        """Number of frames: known for pictures, promised for one video, else unknown."""
        if not any(recording.is_video for recording in self._waiting) and self._video is None:
            return self._count
        if self._only is None:
            return None
        try:
            self._start_video(self._only)
        except SourceError:
            return None  # read() will say why
        return self._video.expected if self._video else None

    def read(self) -> Frame | None:
        """The next frame of the current file, else the first of the next; see `Camera.read`."""
        while True:
            if self._video is not None:
                frame = self._next_of_video(self._video)
                if frame is not None:
                    return frame
            if not self._waiting:
                return None
            recording = self._waiting[0]
            if not recording.is_video:
                return self._picture(self._waiting.pop(0))
            try:
                self._start_video(recording)
            except SourceError:
                self._waiting.pop(0)
                raise

    def _picture(self, recording: Recording) -> Frame:
        if not recording.path.exists():
            raise FrameError(f"{recording.path}: no such file, folder or pattern with a match")
        begun_s = time.perf_counter()
        return Frame(read_picture(recording.path), recording.name, 0, begun_s, 0.0)

    def _start_video(self, recording: Recording) -> None:
        """Open a waiting video, once."""
        if self._video is None and recording in self._waiting:
            self._video = VideoFile(recording.path, recording.name)
            self._waiting.remove(recording)

    def _next_of_video(self, opened: VideoFile) -> Frame | None:
        """Its next frame; at its end, or when it breaks, the video is done with."""
        try:
            frame = opened.read()
        except SourceError:
            self._video = None
            raise
        if frame is None:
            opened.close()
            self._video = None
        return frame

    def close(self) -> None:
        """See `Camera.close`."""
        if self._video is not None:
            self._video.close()
        self._video, self._waiting = None, []
