"""Any picture file becomes 8-bit BGR, or an error that names it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.cameras.picture import read_picture
from belisha.errors import FrameError
from tests.pictures import jpeg_with_orientation, write_picture
from tests.toy import scene


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp"])
def test_every_listed_kind_is_read(tmp_path: Path, suffix: str) -> None:
    image = read_picture(write_picture(tmp_path / f"a{suffix}", scene((2, 1))))
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    assert abs(int(image[12, 20].mean()) - 255) < 8


def test_a_grey_picture_becomes_three_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    image = read_picture(write_picture(tmp_path / "grey.png", grey))
    assert (image == grey[..., None]).all()


def test_a_16_bit_picture_keeps_its_high_byte(tmp_path: Path) -> None:
    deep = (np.arange(48 * 64) * 20).astype(np.uint16).reshape(48, 64)
    image = read_picture(write_picture(tmp_path / "deep.png", deep))
    assert np.abs(image[..., 0].astype(int) - (deep >> 8)).max() <= 1


def test_alpha_is_dropped(tmp_path: Path) -> None:
    rgba = np.dstack([scene((2, 1)), np.zeros((48, 64), np.uint8)])
    image = read_picture(write_picture(tmp_path / "clear.png", rgba))
    assert (image == scene((2, 1))).all()


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, None),
        (3, cv2.ROTATE_180),
        (6, cv2.ROTATE_90_CLOCKWISE),
        (8, cv2.ROTATE_90_COUNTERCLOCKWISE),
    ],
)
def test_exif_rotation_is_honoured(tmp_path: Path, orientation: int, turn: int | None) -> None:
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg_with_orientation(scene((0, 0)), orientation))
    upright = scene((0, 0)) if turn is None else cv2.rotate(scene((0, 0)), turn)
    image = read_picture(path)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 10_000), (10_000, 1), (6_000, 10_000)])
def test_extreme_sizes_are_read(tmp_path: Path, shape: tuple[int, int]) -> None:
    image = read_picture(write_picture(tmp_path / "a.png", np.zeros(shape, np.uint8)))
    assert image.shape == (*shape, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_picture_is_an_error_that_names_it(
    tmp_path: Path, suffix: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    whole = write_picture(tmp_path / f"whole{suffix}", noise).read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FrameError, match=rf"cut{suffix}.*copy or convert it again"):
        read_picture(path)
    assert "OpenCV" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"not a picture at all", "expected a picture, got 20 bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "do not decode"),
    ],
)
def test_junk_is_an_error_that_names_the_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "junk.png"
    path.write_bytes(content)
    with pytest.raises(FrameError, match=message) as caught:
        read_picture(path)
    assert "junk.png" in str(caught.value)


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match=r"gone\.png: cannot be read: No such file"):
        read_picture(tmp_path / "gone.png")
