"""Sinks: where results go."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol, TypedDict, cast

import cv2

from belisha.boxes import Boxes, xyxy_to_xywh
from belisha.bundle import write_whole
from belisha.cameras import Frame
from belisha.drawing import draw_boxes
from belisha.errors import SourceError, UsageError
from belisha.frames import Image
from belisha.service.results import Result

VIDEO_SUFFIX = ".webm"
STILL_RATE_HZ = 2.0
"""Frames per second of a video that is made of pictures."""


class Sink(Protocol):
    """Takes each result."""

    def write(self, result: Result) -> None:
        """Take one; returns soon, as the next frame waits for it."""
        ...

    def close(self) -> None:
        """Finish what was begun; called once, also after an error."""
        ...


class DetectionRecord(TypedDict):
    """One detection in the JSON that `belisha detect` writes; bbox is x, y, width, height."""

    file_name: str
    frame: int
    bbox: list[float]
    score: float


class Collector:
    """Keeps all detections in memory, as plain records."""

    def __init__(self) -> None:
        self.records: list[DetectionRecord] = []

    def write(self, result: Result) -> None:
        """See `Sink.write`."""
        frame, boxes = result.frame, result.boxes
        rows = xyxy_to_xywh(boxes.xyxy).tolist()
        for bbox, score in zip(rows, boxes.scores.tolist(), strict=True):
            self.records.append(
                {
                    "file_name": frame.source,
                    "frame": frame.index,
                    "bbox": [round(side, 2) for side in bbox],
                    "score": round(score, 4),
                }
            )

    def close(self) -> None:
        """See `Sink.close`."""


class VideoSink:
    """Writes frames with their boxes as one WebM (VP8), which every browser plays.

    The file appears under its name only when it is whole.
    """

    def __init__(self, path: Path, inputs: Collection[Path] = ()) -> None:
        """Set up; the file is begun with the first frame.

        Args:
            path: where to.
            inputs: resolved paths that are being read and must not be written.

        Raises:
            UsageError: the name does not end in `VIDEO_SUFFIX`, or is that of an input.
        """
        if path.suffix.lower() != VIDEO_SUFFIX:
            raise UsageError(
                f"expected a name that ends in {VIDEO_SUFFIX}, got {path}: "
                "other video formats need codecs that OpenCV's wheels do not bring"
            )
        _refuse_overwriting(path, inputs)
        self._path = path
        self._partial = path.with_name(f".{path.stem}.partial{VIDEO_SUFFIX}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def write(self, result: Result) -> None:
        """See `Sink.write`."""
        self.add(result.frame, result.boxes)

    def add(self, frame: Frame, boxes: Boxes) -> None:
        """One more frame; the first one fixes the size, later ones are resized to it."""
        picture = draw_boxes(frame.image_bgr, boxes)
        if self._writer is None:
            self._writer = self._begin(picture, frame.rate_hz or STILL_RATE_HZ)
        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = cast(Image, cv2.resize(picture, self._size))
        self._writer.write(picture)

    def _begin(self, picture: Image, rate_hz: float) -> cv2.VideoWriter:
        """Open the file for the first frame; VP8 wants even sides."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be written: {error.strerror}") from error
        self._size = (max(picture.shape[1] // 2 * 2, 2), max(picture.shape[0] // 2 * 2, 2))
        codec = cv2.VideoWriter.fourcc(*"VP80")
        with _muted_stderr():
            writer = cv2.VideoWriter(str(self._partial), codec, rate_hz, self._size)
        if not writer.isOpened():
            raise SourceError(f"{self._path}: cannot be written: is the folder writable?")
        return writer

    def close(self) -> None:
        """See `Sink.close`."""
        if self._writer is not None:
            self._writer.release()
            self._partial.replace(self._path)
        self._writer = None


class FolderSink:
    """Writes each picture with its boxes into a folder, and each video there as a WebM."""

    def __init__(self, folder: Path, inputs: Collection[Path] = ()) -> None:
        """Set up; nothing is written yet.

        Args:
            folder: where to; made if absent.
            inputs: resolved paths that are being read and must not be written.
        """
        self._folder, self._inputs = folder, inputs
        self._video: VideoSink | None = None
        self._source = ""
        self._videos: set[Path] = set()

    def write(self, result: Result) -> None:
        """See `Sink.write`.

        Raises:
            UsageError: a picture would overwrite its own original.
            SourceError: the folder cannot be written.
        """
        frame, boxes = result.frame, result.boxes
        if frame.rate_hz == 0:
            self._write_picture(self._folder / _harmless(frame.source), frame, boxes)
            return
        if self._video is None or frame.source != self._source:
            self.close()
            self._video = VideoSink(self._video_path(frame.source), self._inputs)
            self._source = frame.source
        self._video.write(result)

    def _write_picture(self, target: Path, frame: Frame, boxes: Boxes) -> None:
        _refuse_overwriting(target, self._inputs)
        good, data = cv2.imencode(target.suffix, draw_boxes(frame.image_bgr, boxes))
        if not good:
            raise SourceError(f"{target}: cannot be encoded")
        try:
            write_whole(target, data.tobytes())
        except OSError as error:
            raise SourceError(f"{target}: cannot be written: {error.strerror}") from error

    def _video_path(self, source: str) -> Path:
        """`clip.mp4` -> `clip.webm`, or `clip.mp4.webm` where another clip has taken that."""
        target = self._folder / _harmless(source)
        path = target.with_suffix(VIDEO_SUFFIX)
        if path in self._videos:
            path = target.with_name(target.name + VIDEO_SUFFIX)
        self._videos.add(path)
        return path

    def close(self) -> None:
        """See `Sink.close`."""
        if self._video is not None:
            self._video.close()
        self._video = None


@contextmanager
def _muted_stderr() -> Iterator[None]:
    """Drop what is written to the process's stderr: OpenCV grumbles there about VP8 in WebM."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _harmless(source: str) -> PurePosixPath:
    """A source's name as a path that stays inside a folder."""
    parts = [part for part in PurePosixPath(source).parts if part not in ("/", "..", ".")]
    return PurePosixPath(*parts)


def _refuse_overwriting(target: Path, inputs: Collection[Path]) -> None:
    if target.resolve() in inputs:
        raise UsageError(f"{target} is one of the inputs: write to another place")
