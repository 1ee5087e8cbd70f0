"""The cache: the very pixels that training would decode, whole or not there, without the seal."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from belisha.errors import DatasetError
from tests.training.data.annotated import draw
from tests.training.data.stores import record, with_images
from training.data.picture import LONGEST_SIDE, read_image, shrunk
from training.data.pixel_cache import PixelCache, cache_folder, open_cache
from training.data.store import Store
from training.data.version import Version


@pytest.fixture
def version(store: Store, tmp_path: Path) -> Version:
    """Six small pictures, and one that must shrink."""
    path = draw(tmp_path / "large.png", 70, 900, 301)
    sha256, _ = store.objects.place_file(path, len)
    large = record(6, sha256=sha256, width=900, height=301)
    return store.commit([*with_images(store, tmp_path / "images", 6), large])


def test_pictures_are_those_that_would_be_decoded(store: Store, version: Version) -> None:
    cache = open_cache(store.path, version, threads=2)
    assert len(cache) == 7
    for sample in version.dataset().samples:
        found = cache.find(sample)
        assert found is not None
        assert np.array_equal(found, shrunk(read_image(sample)))
        assert found.dtype == np.uint8
        assert not found.flags.writeable
        assert max(found.shape[:2]) <= LONGEST_SIDE


def test_it_is_made_once_and_made_again_if_it_was_deleted(store: Store, version: Version) -> None:
    open_cache(store.path, version)
    folder = cache_folder(store.path, version)
    made = (folder / "pixels.bin").stat().st_mtime_ns
    open_cache(store.path, version)
    assert (folder / "pixels.bin").stat().st_mtime_ns == made
    shutil.rmtree(folder)
    assert len(open_cache(store.path, version)) == 7


def test_what_a_killed_process_left_is_swept(store: Store, version: Version) -> None:
    left = store.path / "cache" / "incoming-killed"
    left.mkdir(parents=True)
    (left / "pixels.bin").write_bytes(b"half")
    open_cache(store.path, version)
    assert not left.exists()


def test_the_sealed_split_is_not_in_it(store: Store, version: Version) -> None:
    records = list(version.records())
    sealed = {one.sha256 for one in records[:2]}
    split = {one.sha256: "test" if one.sha256 in sealed else "train" for one in records}
    samples = version.dataset().samples
    version.assign(split)
    cache = open_cache(store.path, version)
    absent = {one.attributes["sha256"] for one in samples if cache.find(one) is None}
    assert absent == sealed


def test_a_sample_of_other_data_is_not_found(store: Store, version: Version) -> None:
    cache = open_cache(store.path, version)
    sample = version.dataset().samples[0]
    assert cache.find(replace(sample, attributes={"sha256": "0" * 64})) is None
    assert cache.find(replace(sample, attributes={})) is None


def test_a_missing_picture_leaves_no_cache(store: Store, version: Version) -> None:
    version.image_path(next(version.records()).sha256).unlink()
    with pytest.raises(DatasetError, match="cannot be used"):
        open_cache(store.path, version)
    assert not cache_folder(store.path, version).exists()


@pytest.mark.parametrize("name", ["pixels.bin", "index.npz"])
def test_a_damaged_cache_is_named(store: Store, version: Version, name: str) -> None:
    open_cache(store.path, version)
    path = cache_folder(store.path, version) / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DatasetError, match="the cache is damaged: delete it"):
        PixelCache(path.parent)
