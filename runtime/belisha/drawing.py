"""Boxes drawn on frames, for people to look at."""

from __future__ import annotations

import cv2

from belisha.boxes import Boxes
from belisha.frames import Image

AMBER_BGR = (0, 191, 255)
"""The colour of a Belisha beacon."""
BLACK_BGR = (0, 0, 0)


def draw_boxes(image_bgr: Image, boxes: Boxes) -> Image:
    """A copy of a frame with its boxes and their scores.

    Args:
        image_bgr: (H, W, 3) uint8.
        boxes: in pixels of the frame.
    """
    canvas = image_bgr.copy()
    line = max(1, round(min(canvas.shape[:2]) / 300))
    corners = boxes.xyxy.round().astype(int).tolist()
    for left, top, right, bottom in corners:
        # A dark rim keeps the box visible on any background.
        cv2.rectangle(canvas, (left, top), (right, bottom), BLACK_BGR, line + 2)
        cv2.rectangle(canvas, (left, top), (right, bottom), AMBER_BGR, line)
    # The weakest first, so that the labels of the best end on top.
    for (left, top, _, _), score in zip(corners[::-1], boxes.scores[::-1], strict=True):
        _label(canvas, f"{score:.2f}", left, top)
    return canvas


def _label(canvas: Image, text: str, left: int, top: int) -> None:
    """A small line of text on amber, above the corner, or below it at the frame's upper edge."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, max(0.35, min(canvas.shape[:2]) / 1400)
    (width, height), below = cv2.getTextSize(text, font, scale, 1)
    bottom = top if top >= height + below else top + height + below
    left = min(max(left, 0), max(canvas.shape[1] - width, 0))
    cv2.rectangle(canvas, (left, bottom - height - below), (left + width, bottom), AMBER_BGR, -1)
    origin = (left, bottom - below // 2)
    cv2.putText(canvas, text, origin, font, scale, BLACK_BGR, 1, cv2.LINE_AA)
