"""How the camera sits in the car: what distance, crop and the setup page share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from belisha.boxes import Boxes
from belisha.frames import Image

HEIGHT_M = (0.3, 4.0)
FOV_DEG = (20.0, 150.0)
HORIZON = (-0.5, 1.5)
"""Limits; a horizon may lie outside the picture of a camera that looks down or up."""
LEAST_CROP = 0.2
"""Of the picture's height, that a crop must leave."""


@dataclass(frozen=True)
class Mounting:
    """The camera's place, in the car's `car.yaml` under `camera: mounting:`.

    Attributes:
        height_m: of the lens above the road.
        fov_deg: horizontal field of view of the whole picture.
        horizon: row where flat ground vanishes, as a fraction of the picture's height.
        crop: rows of the picture that are looked at, as fractions; sky and bonnet are not worth
            pixels.

    Raises:
        ValueError: a value is out of its range; the message says which.
    """

    height_m: float = 1.3
    fov_deg: float = 60.0
    horizon: float = 0.5
    crop: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        limits = (("height_m", HEIGHT_M, "m"), ("fov_deg", FOV_DEG, "degrees"))
        for name, (low, high), unit in (*limits, ("horizon", HORIZON, "of the height")):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name}: expected {low:g} to {high:g} {unit}, got {value}")
        top, bottom = self.crop
        if not 0 <= top < bottom <= 1:
            raise ValueError(f"crop: expected 0 <= top < bottom <= 1, got {top} and {bottom}")
        if bottom - top < LEAST_CROP:
            raise ValueError(
                f"crop: expected at least {LEAST_CROP:.0%} of the height, got {top} to {bottom}"
            )

    def focal_px(self, width: int) -> float:
        """Focal length in pixels of a picture of this width."""
        return width / 2 / math.tan(math.radians(self.fov_deg) / 2)

    def rows(self, height: int) -> tuple[int, int]:
        """First row of the crop, and the row after its last, in a picture of this height."""
        top = min(round(self.crop[0] * height), height - 1)
        return top, max(round(self.crop[1] * height), top + 1)

    def cropped(self, frame_bgr: Image) -> Image:
        """The rows that are looked at: (H', W, 3), a view, nothing is copied."""
        top, bottom = self.rows(frame_bgr.shape[0])
        return frame_bgr[top:bottom]

    def uncropped(self, boxes: Boxes, height: int) -> Boxes:
        """Boxes found in the cropped rows -> boxes in pixels of the whole picture.

        Args:
            boxes: in pixels of what `cropped` gave.
            height: of the whole picture.
        """
        top, _ = self.rows(height)
        if not top:
            return boxes
        return replace(boxes, xyxy=boxes.xyxy + np.array([0, top, 0, top], np.float32))
