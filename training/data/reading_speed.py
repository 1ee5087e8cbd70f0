"""How fast pictures come from files, from shards and from the cache: one thread, each in turn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from belisha.cameras.picture import decode_picture
from training.data.picture import read_image, shrunk
from training.data.pixel_cache import open_cache
from training.data.shards import Shards, write_shards
from training.data.store import Store
from training.data.version import Version

SHARD_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Speed:
    """One way to get at pictures.

    Attributes:
        way: files, shards or cache.
        images: that were read.
        images_per_second: the best of the rounds; others may have been disturbed.
    """

    way: str
    images: int
    images_per_second: float


def reading_speeds(store: Store, version: Version, limit: int, rounds: int) -> list[Speed]:
    """Read pictures at training size in each way, the file system's cache warm.

    Args:
        store: of the version.
        version: whose readable pictures are read.
        limit: the most pictures in a round.
        rounds: passes over them; the first warms up if there are more.

    Raises:
        DatasetError: a picture cannot be read.
    """
    samples = version.dataset().samples[:limit]
    cache = open_cache(store.path, version)

    def files() -> Iterator[object]:
        return (shrunk(read_image(sample)) for sample in samples)

    def cached() -> Iterator[object]:
        return (np.array(cache.find(sample)) for sample in samples)  # a copy: all bytes are read

    with tempfile.TemporaryDirectory(dir=store.path) as folder:
        write_shards(version, Path(folder), shard_bytes=SHARD_BYTES)
        shards = Shards(Path(folder))

        def sharded() -> Iterator[object]:
            found = (shrunk(decode_picture(one.image, one.record.name)) for one in shards)
            return (image for image, _ in zip(found, range(limit), strict=False))

        ways: dict[str, Callable[[], Iterator[object]]] = {
            "files": files,
            "shards": sharded,
            "cache": cached,
        }
        return [_measured(name, way, rounds) for name, way in ways.items()]


def _measured(name: str, way: Callable[[], Iterator[object]], rounds: int) -> Speed:
    best, count = 0.0, 0
    for _ in range(rounds):
        begin = time.perf_counter()
        count = sum(1 for _ in way())
        best = max(best, count / (time.perf_counter() - begin))
    return Speed(name, count, best)
