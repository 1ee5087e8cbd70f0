"""What people look at: the drive with boxes as a video, and a sheet of its frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from belisha.boxes import FloatArray
from belisha.demo.score import FrameScore, score_frame
from belisha.demo.truth import Truth, in_words
from belisha.drawing import BLACK_BGR, draw_boxes
from belisha.frames import Image
from belisha.service.results import Result
from belisha.service.sinks import VideoSink

WHITE_BGR = (255, 255, 255)
STRIP = 26
"""Height of the line above each picture of the sheet, in pixels."""
_COLUMNS = 2


class Film:
    """A sink that scores each frame, hands it on to a video sink, and keeps some for the sheet.

    Args:
        truth: of the clip; people who were missed get a thin white box.
        video: takes the frames, and draws the boxes on them.

    Attributes:
        scores: of the frames so far, in order.
    """

    def __init__(self, truth: Truth, video: VideoSink) -> None:
        self.scores: list[FrameScore] = []
        self._truth, self._video = truth, video
        self._wanted = _sheet_frames(truth)
        self._kept: dict[str, list[Image]] = {}

    def write(self, result: Result) -> None:
        """See `belisha.service.sinks.Sink.write`.

        Raises:
            UsageError: the clip is longer than its truth, or of another size.
        """
        frame, boxes = result.frame, result.boxes
        score = score_frame(frame, boxes, self._truth)
        self.scores.append(score)
        missed = score.truth.xyxy[~score.found & ~score.truth.dont_care]
        marked = replace(frame, image_bgr=_with_missed(frame.image_bgr, missed))
        self._video.add(marked, boxes)
        if frame.index in self._wanted:
            pictures = self._kept.setdefault(score.truth.condition, [])
            pictures.append(draw_boxes(marked.image_bgr, boxes))

    def close(self) -> None:
        """See `belisha.service.sinks.Sink.close`."""
        self._video.close()

    def sheet(self) -> Image:
        """A row for each condition, BGR; there must have been a frame."""
        return contact_sheet(self._kept)


def contact_sheet(pictures: Mapping[str, list[Image]]) -> Image:
    """Pictures of equal size, a row for each label."""
    rows = [
        np.concatenate([_titled(picture, label) for picture in _filled(row)], axis=1)
        for label, row in pictures.items()
    ]
    return cast(Image, np.concatenate(rows))


def _sheet_frames(truth: Truth) -> set[int]:
    """Frames for the sheet: of each condition at a third and at two thirds."""
    chosen = set()
    for condition in truth.conditions:
        frames = [frame.frame for frame in truth.frames if frame.condition == condition]
        chosen |= {frames[len(frames) * part // (_COLUMNS + 1)] for part in range(1, _COLUMNS + 1)}
    return chosen


def _filled(row: list[Image]) -> list[Image]:
    """The row with black pictures where some are missing."""
    return row + [np.zeros_like(row[0])] * (_COLUMNS - len(row))


def _titled(picture: Image, label: str) -> Image:
    """The picture below a line with its label."""
    strip = np.zeros((STRIP, picture.shape[1], 3), np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, in_words(label), (6, STRIP - 8), font, 0.55, WHITE_BGR, 1, cv2.LINE_AA)
    return cast(Image, np.concatenate([strip, picture]))


def _with_missed(image_bgr: Image, missed_xyxy: FloatArray) -> Image:
    """A copy with a thin box around everybody who was missed."""
    canvas = image_bgr.copy()
    for left, top, right, bottom in missed_xyxy.round().astype(int).tolist():
        cv2.rectangle(canvas, (left - 1, top - 1), (right + 1, bottom + 1), BLACK_BGR, 1)
        cv2.rectangle(canvas, (left, top), (right, bottom), WHITE_BGR, 1)
    return canvas
