"""Shards: webdataset reads them, an index finds a sample, and another store takes them in."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from belisha.errors import DatasetError
from tests.interpreter import run_python
from tests.training.data.stores import with_images
from training.data.receive import receive
from training.data.record_text import record_text, text_digest
from training.data.shards import LISTING, Shards, write_shards
from training.data.store import Store
from training.data.version import Version


@pytest.fixture
def version(store: Store, tmp_path: Path) -> Version:
    return store.commit(with_images(store, tmp_path / "images", 6))


@pytest.fixture
def shards(version: Version, tmp_path: Path) -> Shards:
    write_shards(version, tmp_path / "shards", shard_bytes=12_000)
    return Shards(tmp_path / "shards")


def test_shards_are_bounded_in_length_and_listed(shards: Shards, tmp_path: Path) -> None:
    listed = shards.listing.shards
    assert [shard.name for shard in listed] == ["v1-000000.tar", "v1-000001.tar", "v1-000002.tar"]
    for shard in listed:
        assert (tmp_path / "shards" / shard.name).stat().st_size == shard.bytes < 50_000
    assert sum(shard.samples for shard in listed) == len(shards) == 6


def test_the_index_finds_every_sample(shards: Shards, version: Version) -> None:
    records = list(version.records())
    assert [sample.record for sample in shards] == records
    for sample in shards:
        assert sample.image == version.image_path(sample.record.sha256).read_bytes()


READ_BACK = """
import hashlib, json, sys
sys.modules["torch"] = None  # webdataset does without, and starts in a moment
import webdataset
found = webdataset.WebDataset(sys.argv[1:], shardshuffle=False)
for one in found:
    image = hashlib.sha256(one["png"]).hexdigest()
    print(json.dumps([one["__key__"], image, json.loads(one["json"])["record"]]))
"""


@pytest.mark.skipif(find_spec("webdataset") is None, reason="needs webdataset, of the extra dev")
def test_webdataset_reads_them_back(shards: Shards, version: Version, tmp_path: Path) -> None:
    paths = [str(tmp_path / "shards" / shard.name) for shard in shards.listing.shards]
    done = run_python(READ_BACK, *paths)  # it leaves files open, which is a warning here
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for (key, image, document), record in zip(found, version.records(), strict=True):
        assert key == text_digest(record_text(record))
        assert image == record.sha256
        assert document["sequence"] == record.sequence


def test_equal_versions_make_equal_shards(version: Version, tmp_path: Path) -> None:
    first, second = (
        write_shards(version, tmp_path / name, shard_bytes=12_000) for name in ("one", "two")
    )
    assert asdict(first) == asdict(second)


def test_the_sealed_split_is_not_moved(version: Version, tmp_path: Path) -> None:
    names = ["train", "train", "validation", "test", "test", "quarantine"]
    records = list(version.records())
    version.assign({one.sha256: name for one, name in zip(records, names, strict=True)})
    listing = write_shards(version, tmp_path / "all", shard_bytes=10**6)
    assert listing.splits == {"train": 2, "validation": 1}
    with pytest.raises(DatasetError, match="is sealed"):
        write_shards(version, tmp_path / "test", shard_bytes=10**6, split="test")


def test_another_store_takes_them_in_with_their_split(
    shards: Shards, version: Version, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "other", create=True) as other:
        moved = receive(other, shards, "moved")
        assert moved.fingerprint == version.fingerprint
        assert list(moved.records()) == list(version.records())
        assert receive(other, shards, "moved").name == "moved", "twice is once"
        assert not any(other.objects.is_damaged(one.sha256) for one in moved.records())
    version.assign({one.sha256: "train" for one in version.records()})
    write_shards(version, tmp_path / "again", shard_bytes=10**6)
    with Store.open(tmp_path / "third", create=True) as third:
        again = receive(third, Shards(tmp_path / "again"), "v")
        assert set(again.splits().values()) == {"train"}


def test_damaged_shards_are_not_taken_in(shards: Shards, tmp_path: Path) -> None:
    path = tmp_path / "shards" / "v1-000001.tar"
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)
    with Store.open(tmp_path / "other", create=True) as other:
        with pytest.raises(DatasetError, match=r"v1-000001\.tar: damaged: copy it again"):
            receive(other, shards, "moved")
        assert other.versions() == []
    with pytest.raises(DatasetError, match="not the one of the record"):
        list(shards)


@pytest.mark.parametrize("name", [LISTING, "v1-000000.index", "v1-000000.tar"])
def test_what_is_missing_or_cut_short_is_named(shards: Shards, tmp_path: Path, name: str) -> None:
    path = tmp_path / "shards" / name
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        list(Shards(tmp_path / "shards"))
    path.unlink()
    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        list(Shards(tmp_path / "shards"))


def test_a_listing_cannot_lead_elsewhere(shards: Shards, tmp_path: Path) -> None:
    path = tmp_path / "shards" / LISTING
    path.write_text(path.read_text().replace("v1-000000.tar", "../v1-000000.tar"))
    with pytest.raises(DatasetError, match=r"expected NAME\.tar, got '\.\./v1"):
        Shards(tmp_path / "shards")
