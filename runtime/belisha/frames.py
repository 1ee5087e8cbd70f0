"""From a camera frame to the network's input: the one preprocessing.

Training, evaluation, calibration, parity, benchmarks and the device all call this file. It is
bit-identical on x86 and arm64 by construction: only exact 2x2 means (integer arithmetic) and
OpenCV's fixed-point `INTER_LINEAR_EXACT` touch a pixel's value. The network takes the camera's
bytes as they are; whatever normalisation a model needs is part of its graph.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from belisha.boxes import Boxes, FloatArray, clip
from belisha.errors import FrameError

Image = NDArray[np.uint8]

RESAMPLING = "halve-then-linear-exact"
"""The only resampling of this version; part of the hash, so that another one can never pass."""

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a frame becomes the network's input; it travels in the bundle, with its hash.

    The steps, in this order: rotate upright, mirror, cut the crop band, shrink or enlarge, pad.

    Attributes:
        width, height: size of the network's input in pixels.
        band_top, band_bottom: the rows of the upright frame that are used, as fractions of its
            height; sky and bonnet are not worth pixels.
        rotation: clockwise turn in degrees that makes the camera's picture upright.
        mirror: swap left and right, for a camera that looks through a mirror.
        colour: order of the channels that the network takes; frames come as BGR.
        fit: `letterbox` keeps the aspect and pads, `stretch` does not.
        align: where the picture lies in a letterbox: `centre`, or `top_left`.
        pad: grey level of the padding; 128 is exactly zero after (x - 128) / 128.
        resampling: must be `RESAMPLING`.

    Raises:
        ValueError: a field is out of its range, or the resampling is not known here.
    """

    width: int
    height: int
    band_top: float = 0.0
    band_bottom: float = 1.0
    rotation: Literal[0, 90, 180, 270] = 0
    mirror: bool = False
    colour: Literal["bgr", "rgb"] = "bgr"
    fit: Literal["letterbox", "stretch"] = "letterbox"
    align: Literal["centre", "top_left"] = "centre"
    pad: int = 128
    resampling: str = RESAMPLING

    def __post_init__(self) -> None:
        if self.resampling != RESAMPLING:
            raise ValueError(
                f"expected resampling {RESAMPLING!r}, got {self.resampling!r}: "
                "this runtime cannot honour it; update the runtime"
            )
        if not (1 <= self.width <= 8192 and 1 <= self.height <= 8192):
            raise ValueError(
                f"expected an input of 1 to 8192 pixels a side, got {self.width}x{self.height}"
            )
        if not 0 <= self.band_top < self.band_bottom <= 1:
            raise ValueError(
                "expected 0 <= band_top < band_bottom <= 1, "
                f"got {self.band_top} and {self.band_bottom}"
            )
        if not 0 <= self.pad <= 255:
            raise ValueError(f"expected a pad between 0 and 255, got {self.pad}")

    @property
    def digest(self) -> str:
        """sha256 over all fields in canonical JSON: equal digests give equal bytes."""
        # 1 equals 1.0 and -0.0 equals 0.0 in Python, but not in JSON.
        band = {
            "band_top": float(self.band_top) + 0.0,
            "band_bottom": float(self.band_bottom) + 0.0,
        }
        fields = {**asdict(self), **band}
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def for_frame(self, width: int, height: int) -> FrameTransform:
        """The transform for frames of `width` x `height` pixels; make it once, use it often.

        Raises:
            FrameError: there is no pixel in such a frame.
        """
        if width < 1 or height < 1:
            raise FrameError(f"expected a frame of at least 1x1 pixels, got {width}x{height}")
        return FrameTransform(self, width, height)


class FrameTransform:
    """`Preprocessing` for one frame size: pixels one way, boxes both ways.

    Let the upright frame be W x H and the band the rows [top, bottom). In continuous pixels
    (see `belisha.boxes`) a point of the upright frame maps to the network's input by
    x' = x * scale_x + shift_x and y' = y * scale_y + shift_y.
    """

    def __init__(self, preprocessing: Preprocessing, width: int, height: int) -> None:
        self.preprocessing = preprocessing
        self.width, self.height = width, height
        turned = preprocessing.rotation in (90, 270)
        self._upright = (height, width) if turned else (width, height)
        upright_width, upright_height = self._upright
        self._top = min(round(preprocessing.band_top * upright_height), upright_height - 1)
        bottom = max(round(preprocessing.band_bottom * upright_height), self._top + 1)
        self._bottom = bottom
        self._halvings, halved_width, halved_height = self._plan_halvings(
            upright_width, bottom - self._top
        )
        self._resized = self._fit(halved_width, halved_height)
        self._left, self._above = self._padding()
        shrink = 2**self._halvings
        scale_x = self._resized[0] / (halved_width * shrink)
        scale_y = self._resized[1] / (halved_height * shrink)
        self._scale = np.array([scale_x, scale_y, scale_x, scale_y], np.float64)
        shift_x, shift_y = self._left, self._above - self._top * scale_y
        self._shift = np.array([shift_x, shift_y, shift_x, shift_y], np.float64)

    def _factor(self, width: int, height: int) -> float:
        """How many source pixels fall on one network pixel, along the axis that decides."""
        ratios = width / self.preprocessing.width, height / self.preprocessing.height
        return max(ratios) if self.preprocessing.fit == "letterbox" else min(ratios)

    def _plan_halvings(self, width: int, height: int) -> tuple[int, int, int]:
        """Number of 2x2 means, and the size after them; an odd last row or column is dropped."""
        count = 0
        while self._factor(width, height) >= 2 and min(width, height) >= 2:
            width, height, count = width // 2, height // 2, count + 1
        return count, width, height

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        """Size of the picture inside the network's input."""
        full_width, full_height = self.preprocessing.width, self.preprocessing.height
        if self.preprocessing.fit == "stretch":
            return full_width, full_height
        # One division of whole numbers, so that an exact half rounds the same everywhere.
        if width * full_height >= height * full_width:
            return full_width, max(round(height * full_width / width), 1)
        return max(round(width * full_height / height), 1), full_height

    def _padding(self) -> tuple[int, int]:
        """Columns of padding to the left and rows above."""
        if self.preprocessing.align == "top_left":
            return 0, 0
        return (
            (self.preprocessing.width - self._resized[0]) // 2,
            (self.preprocessing.height - self._resized[1]) // 2,
        )

    def apply(self, frame_bgr: Image, out: Image | None = None) -> Image:
        """Turn a frame into the network's input.

        Args:
            frame_bgr: (height, width, 3) uint8, as the camera gives it.
            out: (1, H, W, 3) uint8 to write into; allocated if absent.

        Returns:
            (1, H, W, 3) uint8, H x W as `Preprocessing` says, channels in its order.

        Raises:
            FrameError: the frame is not uint8 BGR of the size that this transform was made for.
        """
        expected = (self.height, self.width, 3)
        if frame_bgr.dtype != np.uint8 or frame_bgr.shape != expected:
            raise FrameError(
                f"expected a uint8 frame of shape {expected}, got {frame_bgr.dtype} of shape "
                f"{frame_bgr.shape}: convert it to 8-bit BGR"
            )
        picture = self._shrink(self._band(frame_bgr))
        if self.preprocessing.colour == "rgb":
            picture = cast(Image, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        if out is None:
            out = np.empty((1, self.preprocessing.height, self.preprocessing.width, 3), np.uint8)
        width, height = self._resized
        if (width, height) != (self.preprocessing.width, self.preprocessing.height):
            out[:] = self.preprocessing.pad
        out[0, self._above : self._above + height, self._left : self._left + width] = picture
        return out

    def _band(self, frame_bgr: Image) -> Image:
        """The crop band of the upright frame."""
        upright = frame_bgr
        if self.preprocessing.rotation:
            upright = cast(Image, cv2.rotate(upright, _ROTATIONS[self.preprocessing.rotation]))
        if self.preprocessing.mirror:
            upright = cast(Image, cv2.flip(upright, 1))
        return upright[self._top : self._bottom]

    def _shrink(self, picture: Image) -> Image:
        """Exact halvings, then one exact linear resize."""
        for _ in range(self._halvings):
            height, width = picture.shape[0] // 2, picture.shape[1] // 2
            even = picture[: 2 * height, : 2 * width]
            # At a factor of exactly 2 INTER_AREA is (a + b + c + d + 2) >> 2 in integers.
            picture = cast(Image, cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        if (picture.shape[1], picture.shape[0]) == self._resized:
            return picture
        # OpenCV has a faster kernel for four channels than for three; the fourth goes again.
        wide = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
        wide = cv2.resize(wide, self._resized, interpolation=cv2.INTER_LINEAR_EXACT)
        return cast(Image, cv2.cvtColor(wide, cv2.COLOR_BGRA2BGR))

    def to_network(self, xyxy: FloatArray) -> FloatArray:
        """Boxes in source pixels -> boxes in network pixels, (N, 4); nothing is clipped."""
        upright = self._turn(xyxy.astype(np.float64), forwards=True)
        return (upright * self._scale + self._shift).astype(np.float32)

    def to_source(self, boxes: Boxes) -> Boxes:
        """Boxes in network pixels -> boxes in source pixels, cut at the frame's borders."""
        upright = (boxes.xyxy.astype(np.float64) - self._shift) / self._scale
        xyxy = self._turn(upright, forwards=False).astype(np.float32)
        return Boxes(clip(xyxy, self.width, self.height), boxes.scores)

    def _turn(self, xyxy: NDArray[np.float64], *, forwards: bool) -> NDArray[np.float64]:
        """Boxes in source pixels <-> boxes in pixels of the upright, mirrored frame."""
        x0, y0, x1, y1 = xyxy.T
        upright_width, _ = self._upright
        mirror = self.preprocessing.mirror
        rotation = self.preprocessing.rotation
        if not forwards:
            if mirror:
                x0, x1 = upright_width - x1, upright_width - x0
            rotation = (360 - rotation) % 360  # type: ignore[assignment]
        # A clockwise quarter turn of a W x H picture takes (x, y) to (H - y, x).
        width, height = (self.width, self.height) if forwards else self._upright
        if rotation == 90:
            x0, y0, x1, y1 = height - y1, x0, height - y0, x1
        elif rotation == 180:
            x0, y0, x1, y1 = width - x1, height - y1, width - x0, height - y0
        elif rotation == 270:
            x0, y0, x1, y1 = y0, width - x1, y1, width - x0
        if forwards and mirror:
            x0, x1 = upright_width - x1, upright_width - x0
        return np.stack([x0, y0, x1, y1], axis=1)
