"""Measurements: each picture once, kept beside the store."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.errors import DatasetError
from tests.training.data.people import digest, record
from training.data.measurements import FILE, measure_pictures
from training.data.near_duplicates import thumbnail
from training.data.photometry import photometry


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three pictures, called by what stands for their content."""
    generator = np.random.default_rng(0)
    for name in "abc":
        image = generator.integers(0, 255, (30, 40, 3)).astype(np.uint8)
        assert cv2.imwrite(str(tmp_path / f"{digest(name)}.png"), image)
    return tmp_path


RECORDS = [record(name) for name in "abc"]


def test_every_picture_has_its_thumbnail_and_its_looks(pictures: Path) -> None:
    found = measure_pictures(RECORDS, lambda sha256: pictures / f"{sha256}.png")
    assert list(found.keys) == sorted(map(digest, "abc"))
    image = cv2.imread(str(pictures / f"{found.keys[0]}.png"))
    assert np.allclose(found.thumbnails[0], thumbnail(image))
    seen = found.photometry[found.keys[0]]
    assert seen.brightness == pytest.approx(photometry(image).brightness)


def test_what_was_measured_is_not_read_again(pictures: Path, tmp_path: Path) -> None:
    opened: list[str] = []

    def path_of(sha256: str) -> Path:
        opened.append(sha256)
        return pictures / f"{sha256}.png"

    first = measure_pictures(RECORDS[:2], path_of, tmp_path)
    again = measure_pictures(RECORDS, path_of, tmp_path)
    assert len(opened) == 3, "the third alone is new"
    index = again.keys.index(first.keys[0])
    assert np.array_equal(again.thumbnails[index], first.thumbnails[0])


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 half an archive"])
def test_a_damaged_file_of_measurements_is_measured_anew(
    pictures: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FILE).write_bytes(content)
    found = measure_pictures(RECORDS, lambda sha256: pictures / f"{sha256}.png", tmp_path)
    assert len(found.keys) == 3


def test_a_picture_that_has_gone_is_named(pictures: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be measured"):
        measure_pictures([record("gone")], lambda sha256: pictures / f"{sha256}.png")
