"""What a mounting means, drawn on the picture: crop, horizon, a road with distances, people."""

from __future__ import annotations

import cv2
import numpy as np

from belisha.drawing import AMBER_BGR, BLACK_BGR
from belisha.frames import Image
from belisha.service.distance import PERSON_M
from belisha.service.mounting import Mounting

MARKS_M = (5, 10, 20, 40)
"""Distances that are drawn across the road."""
_LANE_M = 3.5
_PEOPLE = ((5, -1.6), (10, 2.6), (20, -3.4))
"""Distance and place to the right of people of usual height, in metres."""
_PERSON_WIDE_M = 0.5
_NEAREST_M, _FARTHEST_M = 2.0, 200.0
_WHITE_BGR, _GREEN_BGR = (255, 255, 255), (120, 220, 120)
_DIM = 0.35

Point = tuple[int, int]


def draw_mounting(frame_bgr: Image, mounting: Mounting) -> Image:
    """A copy of a picture with the mounting on it.

    Args:
        frame_bgr: (H, W, 3) uint8.
        mounting: what to draw.
    """
    canvas = frame_bgr.copy()
    ground = _Ground(mounting, canvas.shape[1], canvas.shape[0])
    _dim_outside(canvas, mounting)
    for side in (-_LANE_M / 2, _LANE_M / 2):
        _line(canvas, ground.point(_NEAREST_M, side), ground.point(_FARTHEST_M, side), _GREEN_BGR)
    for metres in MARKS_M:
        left, right = (ground.point(metres, side) for side in (-_LANE_M, _LANE_M))
        _line(canvas, left, right, _GREEN_BGR)
        _label(canvas, f"{metres} m", (right[0] + 4, right[1]), _GREEN_BGR)
    for metres, side in _PEOPLE:
        _person(canvas, ground, metres, side)
    row = round(mounting.horizon * canvas.shape[0])
    _line(canvas, (0, row), (canvas.shape[1], row), AMBER_BGR)
    _label(canvas, "horizon", (6, row - 5), AMBER_BGR)
    return canvas


class _Ground:
    """A flat road as the camera sees it."""

    def __init__(self, mounting: Mounting, width: int, height: int) -> None:
        self._focal, self._height_m = mounting.focal_px(width), mounting.height_m
        self._middle, self._horizon = width / 2, mounting.horizon * height

    def point(self, metres: float, side_m: float, up_m: float = 0.0) -> Point:
        """Pixel of a place ahead, to the right, above the road."""
        scale = self._focal / metres
        x = self._middle + side_m * scale
        y = self._horizon + (self._height_m - up_m) * scale
        limit = 20_000  # OpenCV draws with 32-bit fixed point
        return round(float(np.clip(x, -limit, limit))), round(float(np.clip(y, -limit, limit)))


def _dim_outside(canvas: Image, mounting: Mounting) -> None:
    """Darken the rows that are cropped away, and rule a line at the borders."""
    top, bottom = mounting.rows(canvas.shape[0])
    for part in (canvas[:top], canvas[bottom:]):
        part[:] = (part * _DIM).astype(np.uint8)
    for row in (top, bottom - 1):
        if 0 < row < canvas.shape[0] - 1:
            _line(canvas, (0, row), (canvas.shape[1], row), _WHITE_BGR)


def _person(canvas: Image, ground: _Ground, metres: float, side: float) -> None:
    """A frame as large as a grown-up would be there."""
    left, top = ground.point(metres, side - _PERSON_WIDE_M / 2, PERSON_M)
    right, bottom = ground.point(metres, side + _PERSON_WIDE_M / 2)
    thick = _thickness(canvas)
    cv2.rectangle(canvas, (left, top), (right, bottom), BLACK_BGR, thick + 2)
    cv2.rectangle(canvas, (left, top), (right, bottom), _WHITE_BGR, thick)
    _label(canvas, f"at {metres} m", (left, top - 5), _WHITE_BGR)


def _line(canvas: Image, start: Point, end: Point, colour: tuple[int, int, int]) -> None:
    thick = _thickness(canvas)
    cv2.line(canvas, start, end, BLACK_BGR, thick + 2, cv2.LINE_AA)
    cv2.line(canvas, start, end, colour, thick, cv2.LINE_AA)


def _label(canvas: Image, text: str, at: Point, colour: tuple[int, int, int]) -> None:
    """A line of text on black, its lower left corner at a point."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, max(0.36, canvas.shape[0] / 1300)
    (wide, high), below = cv2.getTextSize(text, font, scale, 1)
    left = min(max(at[0], 0), max(canvas.shape[1] - wide, 0))
    bottom = max(at[1], high + below)
    cv2.rectangle(canvas, (left, bottom - high - below), (left + wide, bottom), BLACK_BGR, -1)
    cv2.putText(canvas, text, (left, bottom - below // 2), font, scale, colour, 1, cv2.LINE_AA)


def _thickness(canvas: Image) -> int:
    return int(max(1, round(canvas.shape[0] / 500)))


def as_jpeg(picture: Image) -> bytes:
    """The picture as a JPEG."""
    good, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not good:
        raise RuntimeError("OpenCV could not encode a picture as JPEG")
    return data.tobytes()
