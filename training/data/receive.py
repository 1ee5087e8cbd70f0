"""Shards become a version again, in another store."""

from __future__ import annotations

from collections.abc import Iterator

from tqdm import tqdm

from belisha.errors import DatasetError
from training.data.records import Record
from training.data.shards import Shards
from training.data.store import Store
from training.data.version import Version


def receive(store: Store, shards: Shards, name: str) -> Version:
    """Take all samples of shards in, as one version with its split.

    Args:
        store: where to.
        shards: whole and undamaged, or nothing is taken in.
        name: of the version.

    Raises:
        DatasetError: the shards are damaged, or another version has the name.
        OSError: the store cannot be written.
    """
    shards.check()
    splits: dict[str, str] = {}

    def records() -> Iterator[Record]:
        progress = tqdm(total=len(shards), desc="receive", unit="image", leave=False, disable=None)
        with progress:
            for sample in shards:
                store.objects.place_bytes(sample.image)
                if sample.split:
                    splits[sample.record.sha256] = sample.split
                progress.update()
                yield sample.record

    with store.writing():
        taken = list(records())
        store.objects.sync()
        version = store.commit(
            taken, name=name, reason=f"received: {shards.listing.version} in shards"
        )
        if version.fingerprint != shards.listing.fingerprint:
            raise DatasetError(
                f"version {version.name}: expected fingerprint {shards.listing.fingerprint} as "
                f"shards.json says, got {version.fingerprint}: write the shards again"
            )
        if splits:
            version.assign(splits)
    return version
