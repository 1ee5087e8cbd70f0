"""A bundle: one file that holds a detector and all that a device must know to run it.

It is a zip without compression. Nothing in it is trusted before it was checked: names, count,
lengths and digests come first, and no file is ever unpacked to disk. The digests find damage and
careless edits; who made a bundle is proven by the signature of the release that carries it.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from belisha.errors import BundleError
from belisha.manifest import FileRecord, Flavour, Manifest, digest, parse_manifest

MANIFEST = "manifest.json"
MAX_BUNDLE_BYTES = 512 * 1024 * 1024
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_FILES = 1000

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAX_DIRECTORY_BYTES = MAX_FILES * 512
_END = struct.Struct("<4s4s2H2LH")
"""A zip's last record: signature, disks, entries twice, directory's length and place, comment."""
_LOCATOR_BYTES = 20
"""Of the record before it, in a zip64 only."""
_MALFORMED = (zipfile.BadZipFile, EOFError, KeyError, OverflowError, RuntimeError, ValueError)
"""What zipfile raises for a file that is none."""


@dataclass(frozen=True)
class Bundle:
    """An opened bundle whose every file has been verified.

    Attributes:
        path: the file it came from.
        manifest: what it says about itself.
        digest: sha256 of the manifest, which holds the digests of all else: the bundle's identity.
    """

    path: Path
    manifest: Manifest
    digest: str

    @staticmethod
    def open(path: Path | str) -> Bundle:
        """Open and verify a bundle.

        Raises:
            BundleError: absent, truncated, tampered with, malformed, or not to be honoured here.
        """
        path = Path(path)
        with _opened(path) as file:
            return _verified_bundle(file, path)

    def read(self, name: str) -> bytes:
        """The bytes of one file of the bundle, verified again.

        Raises:
            BundleError: the file on disk is no longer what was opened.
        """
        record = self.manifest.files[name]
        with _opened(self.path) as file, _archive(file, self.path) as archive:
            return _verified(archive, name, record, self.path)

    def model(self, flavour: Flavour) -> bytes:
        """The ONNX file of a flavour that the manifest lists."""
        return self.read(self.manifest.models[flavour])


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Bundle:
    """Write a bundle in one step: it is there whole and verified, or not at all.

    Args:
        path: where to; an existing file is replaced.
        manifest: its `files` are filled in here.
        files: path in the bundle -> content.

    Returns:
        The bundle. Equal arguments give equal bytes.

    Raises:
        BundleError: a runtime would refuse it; nothing is written.
        OSError: the file cannot be written; an existing one is as it was.
    """
    records = {name: FileRecord(len(data), digest(data)) for name, data in sorted(files.items())}
    manifest = replace(manifest, files=records)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST, _EPOCH), manifest.to_json())
        for name in records:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name])
    bundle = _verified_bundle(buffer, path)
    write_whole(path, buffer.getvalue())
    return bundle


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a power cut leaves the old content or the new, never a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, to read."""
    try:
        if path.exists() and not path.is_file():
            raise BundleError(f"{path}: expected a bundle, got a folder or a device")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror or error}") from error


def _verified_bundle(file: IO[bytes], path: Path) -> Bundle:
    """The bundle in an open file, all of it read and compared with its manifest."""
    with _archive(file, path) as archive:
        text = _read(archive, MANIFEST, MAX_MANIFEST_BYTES, path)
        manifest = parse_manifest(text, str(path))
        _check_contents(set(archive.namelist()), manifest, path)
        for name, record in manifest.files.items():
            _verified(archive, name, record, path)
    return Bundle(path, manifest, digest(text))


def _archive(file: IO[bytes], path: Path) -> zipfile.ZipFile:
    """The zip in an open file; its directory is safe and sane."""
    length = file.seek(0, os.SEEK_END)
    if length > MAX_BUNDLE_BYTES:
        raise BundleError(
            f"{path}: expected at most {MAX_BUNDLE_BYTES} bytes, got {length}: not a bundle"
        )
    _check_end(file, length, path)
    try:
        archive = zipfile.ZipFile(file)
    except _MALFORMED as error:
        raise BundleError(_not_whole(path, str(error))) from error
    _check_entries(archive.infolist(), length, path)
    return archive


def _check_end(file: IO[bytes], length: int, path: Path) -> None:
    """Refuse a long directory before zipfile makes objects of it, and zip64, and a comment."""
    tail_length = _LOCATOR_BYTES + _END.size
    file.seek(max(length - tail_length, 0))
    tail = file.read(tail_length)
    if len(tail) < tail_length:
        raise BundleError(_not_whole(path, f"{length} bytes long"))
    signature, _, _, _, directory_bytes, _, comment = _END.unpack(tail[_LOCATOR_BYTES:])
    if signature != b"PK\5\6" or comment or tail.startswith(b"PK\6\7"):
        raise BundleError(_not_whole(path, "its end is not where the end of a zip should be"))
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        raise BundleError(f"{path}: expected at most {MAX_FILES} files: refused")


def _not_whole(path: Path, reason: str) -> str:
    return (
        f"{path}: expected a bundle, got a file that is not a whole zip ({reason}): "
        "copy or download it again"
    )


def _check_entries(entries: list[zipfile.ZipInfo], length: int, path: Path) -> None:
    """Raise at the first entry that must not be in the archive of `length` bytes."""
    if len(entries) > MAX_FILES:
        raise BundleError(f"{path}: expected at most {MAX_FILES} files, got {len(entries)}")
    names = {entry.filename for entry in entries}
    if len(names) != len(entries):
        raise BundleError(f"{path}: a file name stands twice: refused")
    for entry in entries:
        _check_entry(entry, path)
    if sum(entry.file_size for entry in entries) > length:
        raise BundleError(f"{path}: its files claim more than its {length} bytes: refused")
    if MANIFEST not in names:
        raise BundleError(f"{path}: expected {MANIFEST} in it: this zip is not a bundle")


def _check_entry(entry: zipfile.ZipInfo, path: Path) -> None:
    """A plain file, stored plainly, under a name that stays inside."""
    name = PurePosixPath(entry.filename)
    outside = name.is_absolute() or ".." in name.parts or "\\" in entry.filename
    plain = name.parts and str(name) == entry.filename and entry.filename.isprintable()
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if outside or not plain:
        raise BundleError(f"{path}: refused the file name {entry.filename!r}")
    if kind not in (0, stat.S_IFREG):
        raise BundleError(f"{path}: {entry.filename} is a link or a device: refused")
    stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
    if not stored or entry.flag_bits & 0x1:
        raise BundleError(
            f"{path}: {entry.filename} is compressed or encrypted; bundles are stored plain"
        )


def _check_contents(names: set[str], manifest: Manifest, path: Path) -> None:
    """The archive holds what the manifest lists, no more and no less."""
    listed = {*manifest.files, MANIFEST}
    if names != listed:
        extra, absent = sorted(names - listed), sorted(listed - names)
        raise BundleError(
            f"{path}: files and manifest disagree: not listed {extra}, absent {absent}"
        )


def _verified(archive: zipfile.ZipFile, name: str, record: FileRecord, path: Path) -> bytes:
    """A file's content, its length and digest as recorded."""
    data = _read(archive, name, MAX_BUNDLE_BYTES, path)
    if len(data) != record.bytes or digest(data) != record.sha256:
        raise BundleError(
            f"{path}: {name} is not what the manifest says (length or sha256 differ): "
            "the bundle is damaged or was tampered with; copy or export it again"
        )
    return data


def _read(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """At most `limit` bytes of a file; longer is an error."""
    try:
        with archive.open(name) as file:
            data = file.read(limit + 1)
    except _MALFORMED as error:
        raise BundleError(f"{path}: {name} cannot be read: {error}") from error
    if len(data) > limit:
        raise BundleError(f"{path}: {name} is longer than {limit} bytes: refused")
    return data
