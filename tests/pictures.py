"""Picture and video files of every kind that the tests need, drawn here."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from belisha.cameras.picture import silence_opencv
from tests.toy import scene

ORIENTATION = 0x0112


def write_picture(path: Path, image: np.ndarray) -> Path:
    """Write an array by the file's suffix."""
    assert cv2.imwrite(str(path), image)
    return path


def jpeg_with_orientation(image: np.ndarray, orientation: int) -> bytes:
    """A JPEG whose EXIF block asks the viewer to turn it."""
    entry = struct.pack("<HHIHH", ORIENTATION, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    block = b"Exif\0\0" + tiff
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def write_video(path: Path, frames: int, codec: str = "MJPG", rate_hz: float = 10.0) -> Path:
    """A clip of the toy's scene, the white cell moving one column a frame."""
    silence_opencv()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate_hz, (128, 96))
    assert writer.isOpened()
    for index in range(frames):
        writer.write(scene((index % 8, 1), scale=2))
    writer.release()
    return path
