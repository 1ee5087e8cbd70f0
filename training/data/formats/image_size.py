"""The size of a picture without decoding it, where its header tells."""

from __future__ import annotations

import struct
from pathlib import Path

from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError

HEADER_BYTES = 256 * 1024
"""In which a JPEG tells its size, thumbnails and colour profiles before it included."""

_PNG = b"\x89PNG\r\n\x1a\n"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION = 0x0112
_TURNED = frozenset(range(5, 9))
"""EXIF orientations that swap width and height."""


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright as `belisha.cameras.picture` shows it.

    Raises:
        DatasetError: absent, or not a picture.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    size = _of_png(header) or _of_jpeg(header)
    if size is not None:
        return size
    try:
        height, width = read_picture(path).shape[:2]
    except FrameError as error:
        raise DatasetError(str(error)) from error
    return width, height


def _of_png(header: bytes) -> tuple[int, int] | None:
    """By the first chunk; None if it is no PNG."""
    if not header.startswith(_PNG) or header[12:16] != b"IHDR" or len(header) < 24:
        return None
    width, height = struct.unpack(">II", header[16:24])
    return (width, height) if width and height else None


def _of_jpeg(header: bytes) -> tuple[int, int] | None:
    """By the frame header; None if it is no JPEG, or its header is longer than was read."""
    if not header.startswith(b"\xff\xd8"):
        return None
    place, turned = 2, False
    while place + 9 < len(header) and header[place] == 0xFF:
        marker = header[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        (length,) = struct.unpack(">H", header[place + 2 : place + 4])
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", header[place + 5 : place + 9])
            if not width or not height:
                return None
            return (height, width) if turned else (width, height)
        if marker == 0xE1:
            turned = turned or _is_turned(header[place + 4 : place + 2 + length])
        place += 2 + length
    return None


def _is_turned(block: bytes) -> bool:
    """Whether an EXIF block asks for a quarter turn."""
    tiff = block[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if not block.startswith(b"Exif\0\0") or order is None:
        return False
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for index in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * index)
            if tag == _ORIENTATION:
                return value in _TURNED
    except struct.error:
        pass  # a damaged block: decoders ignore it as well
    return False
