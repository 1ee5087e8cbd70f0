"""Sizes out of headers agree with what the picture is when it is decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError
from tests.pictures import jpeg_with_orientation, write_picture
from training.data.formats.image_size import image_size

IMAGE = np.full((48, 64, 3), 90, np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif"])
def test_every_kind_of_picture_tells_its_size(suffix: str, tmp_path: Path) -> None:
    assert image_size(write_picture(tmp_path / f"a{suffix}", IMAGE)) == (64, 48)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_has_the_size_at_which_it_is_decoded(
    orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_with_orientation(IMAGE, orientation))
    height, width = read_picture(path).shape[:2]
    assert image_size(path) == (width, height)


@pytest.mark.parametrize("data", [b"", b"junk", b"\xff\xd8", b"\xff\xd8\xff\xe1\x00\x02\xff"])
def test_what_is_no_picture_is_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(DatasetError, match=r"a\.jpg"):
        image_size(tmp_path / "a.jpg")


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.jpg: cannot be read"):
        image_size(tmp_path / "a.jpg")
