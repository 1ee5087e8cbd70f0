"""Image files by their content: the name of each is the sha256 of its bytes.

A file is hard-linked where the file system allows it, else copied; it is there whole or not at all.
A hard link shares its bytes with the source, so a source that is edited in place changes the
object as well: `damaged` finds that.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from belisha.cameras.picture import MAX_FILE_BYTES
from belisha.errors import DatasetError

T = TypeVar("T")


class Objects:
    """A folder of objects, `ab/cdef...` for the sha256 `abcdef...`.

    Args:
        folder: of the objects.
        incoming: folder on the same file system for files that are not whole yet.
    """

    def __init__(self, folder: Path, incoming: Path) -> None:
        self._folder, self._incoming = folder, incoming
        self._unsynced: set[Path] = set()

    def path(self, sha256: str) -> Path:
        """Where the object of a digest lies, or would lie."""
        return self._folder / sha256[:2] / sha256[2:]

    def place_file(self, source: Path, inspect: Callable[[bytes], T]) -> tuple[str, T]:
        """Take a file in.

        Args:
            source: the file.
            inspect: sees the bytes first; what it raises keeps the file out.

        Returns:
            The digest, and what `inspect` gave.

        Raises:
            DatasetError: the file cannot be read, is too long, or changes meanwhile.
            OSError: the store cannot be written.
        """
        data, state = _read(source)
        found = inspect(data)
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        if not target.exists():
            self._prepare(target)
            try:
                os.link(source, target)
            except FileExistsError:
                pass  # another thread was faster, with the same bytes
            except OSError:  # another file system, or one without links
                self._copy(target, data)
            else:
                _check_unchanged(target, source, state)
        return sha256, found

    def place_bytes(self, data: bytes) -> str:
        """Take bytes in; returns their digest.

        Raises:
            OSError: the store cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        if not target.exists():
            self._prepare(target)
            self._copy(target, data)
        return sha256

    def sync(self) -> None:
        """Make sure that what was placed outlives a power cut."""
        folders, self._unsynced = self._unsynced, set()
        for folder in {self._folder, *folders}:
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def tidy(self) -> None:
        """Remove what an interrupted process left half written."""
        for path in self._incoming.iterdir():
            path.unlink()

    def missing(self, digests: Iterable[str]) -> list[str]:
        """The digests that no object has."""
        return [sha256 for sha256 in digests if not self.path(sha256).is_file()]

    def is_damaged(self, sha256: str) -> bool:
        """Whether the object is absent or has other bytes than its name says."""
        try:
            data = self.path(sha256).read_bytes()
        except OSError:
            return True
        return hashlib.sha256(data).hexdigest() != sha256

    def _prepare(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._unsynced.add(target.parent)

    def _copy(self, target: Path, data: bytes) -> None:
        """Write beside, then rename."""
        handle, temporary = tempfile.mkstemp(dir=self._incoming)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o444)
        Path(temporary).replace(target)


def _read(source: Path) -> tuple[bytes, os.stat_result]:
    """The bytes of a file, and its state when they were read."""
    try:
        with source.open("rb") as file:
            state = os.fstat(file.fileno())
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"{source}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise DatasetError(f"{source}: expected at most {MAX_FILE_BYTES} bytes: not a picture")
    return data, state


def _check_unchanged(target: Path, source: Path, before: os.stat_result) -> None:
    """A file that was swapped between reading and linking must not stay under the old digest."""
    now = target.stat()
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    ):
        target.unlink()
        raise DatasetError(f"{source}: changed while it was read: ingest when nobody writes to it")
