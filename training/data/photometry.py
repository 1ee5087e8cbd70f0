"""How a picture looks, in four numbers, and what is said of it where the source says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from belisha.frames import Image

WIDTH = 320
"""Pictures are brought to this width first, so that sharpness can be compared."""
NIGHT, DUSK = 45.0, 68.0
"""Mean brightness below which it is taken for night, and for dusk."""
DULL, BLURRED, NOISY = 30.0, 200.0, 4.0
"""Contrast and sharpness below, and noise from, which a picture is called so."""


@dataclass(frozen=True)
class Photometry:
    """Four numbers about a picture.

    Attributes:
        brightness: mean grey, 0 to 255.
        contrast: standard deviation of grey.
        sharpness: variance of the Laplacian at a width of 320 pixels.
        noise: standard deviation in grey levels, from the median of what a mask that cancels
            edges and slopes leaves (after Immerkaer 1996), at the picture's own size.
    """

    brightness: float
    contrast: float
    sharpness: float
    noise: float


_CANCELS_STRUCTURE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def photometry(image_bgr: Image) -> Photometry:
    """Measure a picture, (H, W, 3) uint8."""
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    height = max(3, round(grey.shape[0] * WIDTH / grey.shape[1]))
    small = cv2.resize(grey, (WIDTH, height), interpolation=cv2.INTER_AREA)
    residue = np.abs(cv2.filter2D(grey.astype(np.float32), -1, _CANCELS_STRUCTURE))
    # The median of |x| of a normal x is 0.6745 sigma; the mask multiplies sigma by 6.
    return Photometry(
        brightness=float(small.mean()),
        contrast=float(small.std()),
        sharpness=float(cv2.Laplacian(small, cv2.CV_32F).var()),
        noise=float(np.median(residue)) / (0.6745 * 6),
    )


def measured_conditions(seen: Photometry, given: Mapping[str, str]) -> dict[str, str]:
    """Conditions of an image: what the source says, else what was measured, marked as such."""
    light = "night" if seen.brightness < NIGHT else "dusk" if seen.brightness < DUSK else "day"
    measured = {
        "light": f"{light} (measured)",
        "contrast": "dull (measured)" if seen.contrast < DULL else "clear (measured)",
        "sharpness": "blurred (measured)" if seen.sharpness < BLURRED else "sharp (measured)",
        "noise": "noisy (measured)" if seen.noise >= NOISY else "clean (measured)",
    }
    return {**measured, **given}
