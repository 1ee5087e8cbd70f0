"""The one preprocessing again, from its definition: numpy and whole numbers, nothing of OpenCV.

If this and `belisha.frames` give the same bytes, so does any machine that can add integers.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from belisha.frames import Image, Preprocessing


def plain_input(frame: Image, how: Preprocessing) -> Image:
    """What `FrameTransform.apply` must give, computed in integers alone."""
    upright = np.rot90(frame, -how.rotation // 90)
    if how.mirror:
        upright = upright[:, ::-1]
    height = len(upright)
    top = min(round(how.band_top * height), height - 1)
    picture = upright[top : max(round(how.band_bottom * height), top + 1)].astype(np.int64)
    while min(picture.shape[:2]) >= 2 and factor(picture, how) >= 2:
        picture = plain_halving(picture)
    picture = plain_linear(picture, *plain_size(picture, how))
    if how.colour == "rgb":
        picture = picture[..., ::-1]
    return plain_padding(picture, how)


def factor(picture: np.ndarray, how: Preprocessing) -> Fraction:
    """Source pixels on one pixel of the input, along the axis that decides."""
    ratios = Fraction(picture.shape[1], how.width), Fraction(picture.shape[0], how.height)
    return max(ratios) if how.fit == "letterbox" else min(ratios)


def plain_halving(picture: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels, halves upwards; an odd last row or column is dropped."""
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    even = picture[:height, :width]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) >> 2


def plain_size(picture: np.ndarray, how: Preprocessing) -> tuple[int, int]:
    """Width and height of the picture in the input; a half pixel goes to the even number."""
    if how.fit == "stretch":
        return how.width, how.height
    ratio = factor(picture, how)
    width, height = round(picture.shape[1] / ratio), round(picture.shape[0] / ratio)
    return max(width, 1), max(height, 1)


def plain_linear(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Linear interpolation with weights in 256ths, rounded once, halves upwards."""
    x0, x1, x_weight = plain_weights(picture.shape[1], width)
    y0, y1, y_weight = plain_weights(picture.shape[0], height)
    x_weight, y_weight = x_weight[:, None], y_weight[:, None, None]
    rows = picture[:, x0] * (256 - x_weight) + picture[:, x1] * x_weight
    return (rows[y0] * (256 - y_weight) + rows[y1] * y_weight + (1 << 15)) >> 16


def plain_weights(source: int, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each target pixel its two source pixels and the second's weight in 256ths."""
    first, weight = [], []
    for index in range(target):
        whole, rest = divmod((2 * index + 1) * source - target, 2 * target)
        inside = 0 <= whole < source - 1
        first.append(min(max(whole, 0), source - 1))
        weight.append(round(Fraction(256 * rest, 2 * target)) if inside else 0)
    left = np.array(first)
    return left, np.minimum(left + 1, source - 1), np.array(weight)


def plain_padding(picture: np.ndarray, how: Preprocessing) -> Image:
    height, width = picture.shape[:2]
    full = np.full((1, how.height, how.width, 3), how.pad, np.uint8)
    centred = how.align == "centre"
    left, above = ((how.width - width) // 2, (how.height - height) // 2) if centred else (0, 0)
    full[0, above : above + height, left : left + width] = picture
    return full


def noise(width: int, height: int, seed: int = 0) -> Image:
    """A frame of pseudo-random bytes that no library's generator can change."""
    index = np.arange(width * height * 3, dtype=np.uint64) + np.uint64(1 + seed * 7_919)
    mixed = (index * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(29)
    return (
        ((mixed * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(56))
        .astype(np.uint8)
        .reshape(height, width, 3)
    )
