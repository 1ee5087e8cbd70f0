"""What is wrong with a picture that came without an error: frozen, black, or cut off.

A sensor is never perfectly still: its noise changes some pixel in every frame. Pictures that are
the same to the last bit come from a driver, a decoder or a network that repeats the last one. A
picture of which only the upper part came is filled up with grey or green by whatever decoded it.
"""

from __future__ import annotations

import numpy as np

from belisha.cameras import Frame
from belisha.frames import Image

FROZEN = "the picture is frozen"
BLACK_LEVEL = 12
"""A picture without a pixel above it, of 255, is black."""
CUT_OFF = 0.125
"""Share of the height, filled up, from which on a picture counts as cut off."""
_STEP = 8
"""Of the pixels that are looked at, across and down."""


class PictureFaults:
    """Looks at every frame of one camera; takes about 0.05 ms for 640x480.

    Args:
        frozen_after_s: how long a picture may stay the same to the last bit; forever if `None`.
        checked: whether black and cut off pictures are faults.
    """

    def __init__(self, frozen_after_s: float | None, *, checked: bool = True) -> None:
        self._frozen_after_s, self._checked = frozen_after_s, checked
        self._last: Image | None = None
        self._changed_s = 0.0

    def of(self, frame: Frame) -> str:
        """What is wrong with a frame, in words; empty if nothing is."""
        image = frame.image_bgr
        if self._frozen_after_s is not None:
            if self._last is None or not _same(self._last, image):
                self._last, self._changed_s = image, frame.captured_s
            elif frame.captured_s - self._changed_s >= self._frozen_after_s:
                return FROZEN
        if not self._checked:
            return ""
        if int(image[::_STEP, ::_STEP].max(initial=0)) <= BLACK_LEVEL:
            return "the picture is black"
        return "the picture is cut off" if _filled_share(image) >= CUT_OFF else ""


def _same(one: Image, other: Image) -> bool:
    """Whether two pictures are bit by bit the same; most differ in the first few pixels."""
    if one.shape != other.shape or not np.array_equal(
        one[::_STEP, ::_STEP], other[::_STEP, ::_STEP]
    ):
        return False
    return np.array_equal(one, other)


def _filled_share(image: Image) -> float:
    """Share of the height that is filled up at the bottom, beyond as much at the top (bars)."""
    sparse = image[::_STEP, ::_STEP]
    if not _is_filling(sparse[-1, 0]):
        return 0.0
    filled = (sparse == sparse[-1, 0]).all(axis=(1, 2))
    bottom = len(filled) if filled.all() else int(filled[::-1].argmin())
    top = int(filled.argmin())
    return (bottom - top) / len(filled)


def _is_filling(bgr: Image) -> bool:
    """Grey, as JPEG decoders fill up, or the green that zeros are in YUV; a night is neither."""
    blue, green, red = (int(value) for value in bgr)
    grey = all(126 <= value <= 130 for value in (blue, green, red))
    return grey or (blue <= 8 and red <= 8 and 100 <= green <= 160)
