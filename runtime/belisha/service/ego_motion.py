"""Ego-motion: how far the picture moved because the car turned or shook.

A turn of one degree a frame moves everything by a dozen pixels, more than the width of a far
person; a tracker that knows it finds people again where they went. Points of a coarse grid are
followed from one small grey picture to the next, and one model is laid through them: a shift, which
turning gives to all distances alike, and a zoom, which driving gives and each track has its own of.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from belisha.frames import Image

Vectors = NDArray[np.float64]

_WIDTH = 160
"""Of the small picture; people need not be seen in it."""
_GRID = (12, 8)
_MARGIN = 0.06
_BONNET = 0.75
"""Points lie above this share of the height: the road's surface and the bonnet mislead."""
_LEAST_POINTS = 12
_WINDOW = (13, 13)
_LEVELS = 3
_LEAST_TEXTURE = 2e-3
_ROUNDS = 4
_OUTLIER_PX = 0.25
"""In the small picture; people and cars move against the rest."""


class EgoMotion:
    """Remembers the last picture; one object follows one camera."""

    def __init__(self) -> None:
        self._last: Image | None = None
        self._points = np.zeros((0, 1, 2), np.float32)

    def shift(self, frame_bgr: Image) -> tuple[float, float]:
        """How far the picture moved since the last call.

        Args:
            frame_bgr: (H, W, 3) uint8, of any size that does not change.

        Returns:
            Pixels to the right and down by which what is far away has moved; (0, 0) for the first
            frame, after a change of size, and where there is too little to hold on to.
        """
        small = _small_grey(frame_bgr)
        last, self._last = self._last, small
        if last is None or last.shape != small.shape:
            self._points = _grid(small.shape[1], small.shape[0])
            return 0.0, 0.0
        scale = frame_bgr.shape[1] / small.shape[1]
        dx, dy = _common_shift(*self._follow(last, small))
        return dx * scale, dy * scale

    def _follow(self, last: Image, small: Image) -> tuple[Vectors, Vectors]:
        """(N, 2) points that could be followed, from the middle, and (N, 2) how far they went."""
        moved, found, _ = cv2.calcOpticalFlowPyrLK(
            last,
            small,
            self._points,
            np.empty_like(self._points),
            winSize=_WINDOW,
            maxLevel=_LEVELS,
            minEigThreshold=_LEAST_TEXTURE,
        )
        good = found[:, 0] == 1
        points = self._points[good, 0].astype(np.float64)
        flow = moved[good, 0].astype(np.float64) - points
        middle = np.array([small.shape[1] / 2, small.shape[0] / 2])
        return points - middle, flow


def _small_grey(frame_bgr: Image) -> Image:
    height, width = frame_bgr.shape[:2]
    size = (_WIDTH, max(round(height * _WIDTH / width), 1))
    small = cv2.resize(frame_bgr, size, interpolation=cv2.INTER_LINEAR)
    return cast(Image, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def _grid(width: int, height: int) -> NDArray[np.float32]:
    """(N, 1, 2) points, as OpenCV wants them."""
    columns, rows = _GRID
    across = np.linspace(_MARGIN * width, (1 - _MARGIN) * width, columns)
    down = np.linspace(_MARGIN * height, _BONNET * height, rows)
    x, y = np.meshgrid(across, down)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)[:, None, :]


def _common_shift(points: Vectors, flow: Vectors) -> tuple[float, float]:
    """The shift of the model flow = shift + zoom * point that most points follow."""
    if len(points) < _LEAST_POINTS:
        return 0.0, 0.0
    shift, zoom = np.median(flow, axis=0), 0.0
    for _ in range(_ROUNDS):
        off = np.abs(flow - shift - zoom * points).max(axis=1)
        inside = off <= max(_OUTLIER_PX, float(np.median(off)) * 1.5)
        here, went = points[inside], flow[inside]
        middle, mean = here.mean(axis=0), went.mean(axis=0)
        spread = float(((here - middle) ** 2).sum())
        zoom = float(((here - middle) * (went - mean)).sum()) / max(spread, 1e-9)
        shift = mean - zoom * middle
    return float(shift[0]), float(shift[1])
