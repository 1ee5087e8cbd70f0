"""Picture files: bytes in, 8-bit BGR out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from belisha.errors import FrameError
from belisha.frames import Image

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_FILE_BYTES = 256 * 1024 * 1024


def read_picture(path: Path) -> Image:
    """Decode a picture file.

    Grey, 16-bit and RGBA pictures become 8-bit BGR (the high byte is kept, alpha is dropped); a
    picture with an EXIF rotation is turned upright.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        FrameError: absent, empty, truncated, too large, or not a picture; the message names it.
    """
    try:
        length = path.stat().st_size
        if length > MAX_FILE_BYTES:
            raise FrameError(f"{path}: expected at most {MAX_FILE_BYTES} bytes, got {length}")
        data = path.read_bytes()
    except OSError as error:
        raise FrameError(f"{path}: cannot be read: {error.strerror}") from error
    if not data:
        raise FrameError(f"{path}: the file is empty: copy or record it again")
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str) -> Image:
    """Decode a picture in memory; `name` stands for it in error messages."""
    silence_opencv()
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise FrameError(f"{name}: cannot be decoded: {error.err}") from error
    if image is None:
        raise FrameError(
            f"{name}: expected a picture, got {len(data)} bytes that do not decode to one: "
            "it is truncated or of another kind; copy or convert it again"
        )
    return cast(Image, image)


def silence_opencv() -> None:
    """Keep OpenCV and its FFmpeg from printing: what they would say stands in our errors."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read when the first video opens
    set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # 4.x, 5.0
    set_level(0)
