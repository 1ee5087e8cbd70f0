"""Shards: a version as tar files in webdataset's naming, to be moved or read by many machines.

    DIR/NAME-000000.tar      KEY.jpg, KEY.json, KEY.jpg, ...; a key is the digest of a record
    DIR/NAME-000000.index    a line per sample: key, and offset and length of image and record
    DIR/shards.json          what there is, with digests; written last: without it nothing is there

Any reader of webdataset streams the tars; with the index, one sample is read without the others.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from belisha.bundle import write_whole
from belisha.cameras.picture import MAX_FILE_BYTES
from belisha.documents import parse_json
from belisha.errors import ConfigError, DatasetError
from training.data.formats.sources import MAX_JSON_BYTES, read_bytes
from training.data.record_text import fingerprint, record_text, text_digest
from training.data.records import Record
from training.data.version import Version

LISTING = "shards.json"
MAX_RECORD_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Shard:
    """One tar.

    Attributes:
        name: of the file.
        sha256: of its bytes.
        bytes: its length.
        samples: how many it holds.
    """

    name: str
    sha256: str
    bytes: int
    samples: int


@dataclass(frozen=True)
class Listing:
    """All shards of a version, or of a part of it.

    Attributes:
        version: its name.
        fingerprint: of the records in the shards.
        splits: split -> number of samples; the empty split for those that have none.
        shards: in order.
    """

    version: str
    fingerprint: str
    splits: dict[str, int]
    shards: tuple[Shard, ...]


@dataclass(frozen=True)
class Entry:
    """Where a sample lies in its tar; offsets and lengths in bytes."""

    key: str
    image: tuple[int, int]
    record: tuple[int, int]


@dataclass(frozen=True)
class ShardSample:
    """A sample of a shard: the record, its split, and the bytes of the image file."""

    record: Record
    split: str
    image: bytes


def write_shards(
    version: Version, out: Path, *, shard_bytes: int, split: str | None = None
) -> Listing:
    """Write all readable images of a version, or those of one split.

    Args:
        version: of a store.
        out: folder; shards of the same names are replaced.
        shard_bytes: length from which a shard is closed.
        split: only this one.

    Raises:
        DatasetError: no image is left, or the split is sealed.
        OSError: the folder cannot be written.
    """
    (out / LISTING).unlink(missing_ok=True)
    shards: list[Shard] = []
    digests: list[str] = []
    splits: dict[str, int] = {}
    draft = _Draft()
    progress = tqdm(desc="shards", unit="image", leave=False, disable=None)
    with progress:
        for record, part in version.readable(split):
            digests.append(draft.add(record, part, version.image_path(record.sha256)))
            splits[part] = splits.get(part, 0) + 1
            progress.update()
            if draft.length >= shard_bytes:
                shards.append(draft.write(out, f"{version.name}-{len(shards):06}"))
                draft = _Draft()
    if not digests:
        raise DatasetError(f"version {version.name}: expected images, got none to write")
    if draft.entries:
        shards.append(draft.write(out, f"{version.name}-{len(shards):06}"))
    listing = Listing(version.name, fingerprint(digests), splits, tuple(shards))
    write_whole(out / LISTING, json.dumps(asdict(listing), indent=1).encode() + b"\n")
    return listing


class _Draft:
    """A shard in the making."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._buffer = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._buffer, mode="w", format=tarfile.USTAR_FORMAT)

    @property
    def length(self) -> int:
        """Bytes so far."""
        return self._buffer.tell()

    def add(self, record: Record, split: str, image: Path) -> str:
        """Add a sample; returns the record's digest."""
        text = record_text(record)
        key = text_digest(text)
        suffix = PurePosixPath(record.name).suffix.lower().replace(".jpeg", ".jpg") or ".jpg"
        data = read_bytes(image, MAX_FILE_BYTES)
        body = b'{"split":' + json.dumps(split).encode() + b',"record":' + text + b"}"
        places = self._append(key + suffix, data), self._append(key + ".json", body)
        self.entries.append(Entry(key, *places))
        return key

    def _append(self, name: str, data: bytes) -> tuple[int, int]:
        """Offset and length of a file's bytes."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self._tar.addfile(member, io.BytesIO(data))
        end = self._buffer.tell()
        padded = -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        return end - padded, len(data)

    def write(self, out: Path, name: str) -> Shard:
        """Close the tar and write it with its index."""
        self._tar.close()
        data = self._buffer.getvalue()
        write_whole(out / f"{name}.tar", data)
        index = b"".join(json.dumps(asdict(entry)).encode() + b"\n" for entry in self.entries)
        write_whole(out / f"{name}.index", index)
        return Shard(f"{name}.tar", hashlib.sha256(data).hexdigest(), len(data), len(self.entries))


class Shards:
    """Shards that were written.

    Args:
        folder: of the shards.

    Attributes:
        listing: what there is.

    Raises:
        DatasetError: there are none, or not all of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / LISTING
        try:
            self.listing = parse_json(read_bytes(path, MAX_JSON_BYTES), Listing, str(path))
            self._indices = [self._index(shard) for shard in self.listing.shards]
        except ConfigError as error:
            raise DatasetError(str(error)) from error

    def __len__(self) -> int:
        return sum(map(len, self._indices))

    def check(self) -> None:
        """Compare all bytes with the digests.

        Raises:
            DatasetError: a shard is damaged.
        """
        for shard in self.listing.shards:
            data = read_bytes(self._folder / shard.name, shard.bytes)
            if hashlib.sha256(data).hexdigest() != shard.sha256:
                raise DatasetError(f"{self._folder / shard.name}: damaged: copy it again")

    def __iter__(self) -> Iterator[ShardSample]:
        for shard, index in zip(self.listing.shards, self._indices, strict=True):
            path = self._folder / shard.name
            try:
                with path.open("rb") as file:
                    for entry in index:
                        image, text = (
                            _part(file, place, path) for place in (entry.image, entry.record)
                        )
                        yield _sample(image, text, f"{path}: {entry.key}")
            except OSError as error:
                raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error

    def _index(self, shard: Shard) -> list[Entry]:
        """The entries of a shard."""
        if PurePosixPath(shard.name).name != shard.name or not shard.name.endswith(".tar"):
            raise DatasetError(f"{self._folder / LISTING}: expected NAME.tar, got {shard.name!r}")
        path = (self._folder / shard.name).with_suffix(".index")
        lines = read_bytes(path, MAX_JSON_BYTES).splitlines()
        entries = [
            parse_json(line, Entry, f"{path}:{number}") for number, line in enumerate(lines, 1)
        ]
        if len(entries) != shard.samples:
            raise DatasetError(f"{path}: expected {shard.samples} lines, got {len(entries)}")
        return entries


def _part(file: io.BufferedReader, place: tuple[int, int], path: Path) -> bytes:
    """The bytes of a member."""
    offset, length = place
    if offset < 0 or not 0 <= length <= MAX_FILE_BYTES:
        raise DatasetError(f"{path}: expected a place in the tar, got {place}")
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise DatasetError(f"{path}: cut short: copy it again")
    return data


@dataclass(frozen=True)
class _Body:
    """The JSON of a sample."""

    record: Record
    split: str = ""


def _sample(image: bytes, text: bytes, place: str) -> ShardSample:
    try:
        body = parse_json(text, _Body, place)
    except ConfigError as error:
        raise DatasetError(str(error)) from error
    if hashlib.sha256(image).hexdigest() != body.record.sha256:
        raise DatasetError(f"{place}: the image is not the one of the record: copy it again")
    return ShardSample(body.record, body.split, image)
