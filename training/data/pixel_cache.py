"""Pictures of a version, decoded and at training size: one flat file that is mapped into memory.

    STORE/cache/FINGERPRINT-640/pixels.bin   all pictures one after the other, (H, W, 3) uint8 BGR
    STORE/cache/FINGERPRINT-640/index.npz    digest, place and size of each

It appears whole or not at all, and may be deleted at any time. The sealed split is not in it.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from belisha.errors import DatasetError
from belisha.frames import Image
from training.data.coco import Sample
from training.data.picture import LONGEST_SIDE, read_image, shrunk, training_size
from training.data.version import Version

BATCH = 64
"""Pictures in memory at a time while a cache is made."""


class PixelCache:
    """An open cache; implements `training.data.coco.Pixels`.

    Args:
        folder: of the cache.

    Raises:
        DatasetError: it is damaged: delete it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            data = io.BytesIO((folder / "index.npz").read_bytes())
            with np.load(data, allow_pickle=False) as index:
                digests, offsets, sizes = index["digests"], index["offsets"], index["sizes"]
            self._pixels = np.memmap(folder / "pixels.bin", np.uint8, "r")
            if int(offsets[-1]) != len(self._pixels):
                raise ValueError(f"expected {offsets[-1]} bytes, got {len(self._pixels)}")
        except (OSError, ValueError, KeyError, IndexError, BadZipFile) as error:
            raise DatasetError(f"{folder}: the cache is damaged: delete it: {error}") from error
        self._offsets, self._sizes = offsets, sizes
        self._numbers = {bytes(digest): number for number, digest in enumerate(digests)}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def nbytes(self) -> int:
        """Of all pixels."""
        return int(self._offsets[-1])

    def find(self, sample: Sample) -> Image | None:
        """The picture of a sample, (H, W, 3) uint8 BGR; None if it is not in the cache."""
        number = self._numbers.get(bytes.fromhex(sample.attributes.get("sha256", "")))
        if number is None:
            return None
        begin, end = self._offsets[number : number + 2]
        height, width = self._sizes[number]
        return np.asarray(self._pixels[begin:end]).reshape(height, width, 3)


def cache_folder(store: Path, version: Version) -> Path:
    """Where the cache of a version lies, or would lie."""
    return store / "cache" / f"{version.fingerprint}-{LONGEST_SIDE}"


def open_cache(store: Path, version: Version, threads: int = 1) -> PixelCache:
    """The cache of a version; made now if there is none, with a progress bar.

    Args:
        store: its folder.
        version: all of whose readable images are in the cache.
        threads: that decode.

    Raises:
        DatasetError: a picture cannot be read, or there is no room.
    """
    folder = cache_folder(store, version)
    if not folder.is_dir():
        try:
            with _locked(folder.parent):
                if not folder.is_dir():  # nor has another process made it meanwhile
                    _make(folder, version.dataset().samples, threads)
        except OSError as error:
            raise DatasetError(f"{folder}: cannot be written: {error.strerror}") from error
    return PixelCache(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; what a killed one left is swept."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for path in folder.glob("incoming-*"):
            shutil.rmtree(path)
        yield


def _make(folder: Path, samples: Sequence[Sample], threads: int) -> None:
    unique = list({sample.attributes["sha256"]: sample for sample in samples}.values())
    sizes = np.array([training_size(sample.width, sample.height)[::-1] for sample in unique])
    lengths = 3 * sizes.prod(axis=1, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    free = shutil.disk_usage(folder.parent).free
    if offsets[-1] > free:
        raise DatasetError(
            f"{folder}: expected room for {offsets[-1] / 1e9:.1f} GB of pixels, got "
            f"{free / 1e9:.1f} GB: make room, or train without a cache"
        )
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix="incoming-"))
    _write_pixels(work / "pixels.bin", unique, threads)
    digests: NDArray[np.uint8] = np.array(
        [list(bytes.fromhex(sample.attributes["sha256"])) for sample in unique], np.uint8
    )
    with (work / "index.npz").open("wb") as file:
        np.savez(file, digests=digests, offsets=offsets, sizes=sizes)
        file.flush()
        os.fsync(file.fileno())
    work.rename(folder)


def _write_pixels(path: Path, samples: Sequence[Sample], threads: int) -> None:
    progress = tqdm(total=len(samples), desc="cache", unit="image", leave=False, disable=None)
    with progress, path.open("wb") as file, ThreadPoolExecutor(threads) as workers:
        for begin in range(0, len(samples), BATCH):
            for image in workers.map(_decoded, samples[begin : begin + BATCH]):
                file.write(np.ascontiguousarray(image).data)
                progress.update()
        file.flush()
        os.fsync(file.fileno())


def _decoded(sample: Sample) -> Image:
    return shrunk(read_image(sample))
