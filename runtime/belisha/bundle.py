"""A bundle: one file that holds a detector and all that a device must know to run it.

It is a zip without compression. Nothing in it is trusted before it was checked: names, count,
lengths and digests come first, and no file is ever unpacked to disk. The digests find damage and
careless edits; who made a bundle is proven by the signature of the release that carries it.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from belisha.errors import BundleError
from belisha.manifest import FileRecord, Flavour, Manifest, digest, parse_manifest

MANIFEST = "manifest.json"
MAX_BUNDLE_BYTES = 512 * 1024 * 1024
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_FILES = 1000

_EPOCH = (1980, 1, 1, 0, 0, 0)


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
        with _opened(path) as archive:
            names = _checked_names(archive, path)
            text = _read(archive, MANIFEST, MAX_MANIFEST_BYTES, path)
            manifest = parse_manifest(text, str(path))
            _check_contents(names, manifest, path)
            for name, record in manifest.files.items():
                _verified(archive, name, record, path)
        return Bundle(path, manifest, digest(text))

    def read(self, name: str) -> bytes:
        """The bytes of one file of the bundle, verified again.

        Raises:
            BundleError: the file on disk is no longer what was opened.
        """
        with _opened(self.path) as archive:
            return _verified(archive, name, self.manifest.files[name], self.path)

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
        The bundle, read back from disk. Equal arguments give equal bytes.
    """
    records = {name: FileRecord(len(data), digest(data)) for name, data in sorted(files.items())}
    manifest = replace(manifest, files=records)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST, _EPOCH), manifest.to_json())
        for name in records:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name])
    write_whole(path, buffer.getvalue())
    return Bundle.open(path)


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


def _opened(path: Path) -> zipfile.ZipFile:
    """The archive, its length checked first."""
    try:
        length = path.stat().st_size
        if length > MAX_BUNDLE_BYTES:
            raise BundleError(
                f"{path}: expected at most {MAX_BUNDLE_BYTES} bytes, got {length}: not a bundle"
            )
        return zipfile.ZipFile(path)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise BundleError(
            f"{path}: expected a bundle, got a file that is not a whole zip ({error}): "
            "copy or download it again"
        ) from error


def _checked_names(archive: zipfile.ZipFile, path: Path) -> set[str]:
    """All names of the archive; raises at the first that must not be there."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise BundleError(f"{path}: expected at most {MAX_FILES} files, got {len(entries)}")
    names = {entry.filename for entry in entries}
    if len(names) != len(entries):
        raise BundleError(f"{path}: a file name stands twice: refused")
    for entry in entries:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or entry.is_dir():
            raise BundleError(f"{path}: refused the file name {entry.filename!r}")
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 0x1:
            raise BundleError(
                f"{path}: {entry.filename} is compressed or encrypted; bundles are stored plain"
            )
        if entry.file_size > MAX_BUNDLE_BYTES:
            raise BundleError(f"{path}: {entry.filename} claims {entry.file_size} bytes: refused")
    if MANIFEST not in names:
        raise BundleError(f"{path}: expected {MANIFEST} in it: this zip is not a bundle")
    return names


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
    data = _read(archive, name, record.bytes, path)
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
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, RuntimeError) as error:
        raise BundleError(f"{path}: {name} cannot be read: {error}") from error
    if len(data) > limit:
        raise BundleError(f"{path}: {name} is longer than {limit} bytes: refused")
    return data
