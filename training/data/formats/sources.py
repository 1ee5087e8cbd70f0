"""Annotation files: read whole and within bounds, their mistakes named by file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from belisha.cameras.picture import SUFFIXES
from belisha.documents import load_json
from belisha.errors import ConfigError, DatasetError

MAX_JSON_BYTES = 2 * 1024**3
MAX_TEXT_BYTES = 16 * 1024**2
"""Of a file about one image; a longer one is a mistake or an attack."""


def read_bytes(path: Path, limit: int) -> bytes:
    """A whole file.

    Raises:
        DatasetError: absent, or longer than `limit`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a name that no file can have
        raise DatasetError(f"{path!r}: cannot be read: {error}") from error
    if len(data) > limit:
        raise DatasetError(f"{path}: expected at most {limit} bytes: is this the right file?")
    return data


def read_text(path: Path) -> str:
    """A short text file.

    Raises:
        DatasetError: absent, too long, or not UTF-8.
    """
    try:
        return read_bytes(path, MAX_TEXT_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: expected text in UTF-8: {error}") from error


def read_json(path: Path, limit: int = MAX_JSON_BYTES) -> Any:
    """A JSON file.

    Raises:
        DatasetError: absent, too long, or not JSON.
    """
    try:
        return load_json(read_bytes(path, limit), str(path))
    except ConfigError as error:
        raise DatasetError(str(error)) from error


def find_files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """All files below a folder that have one of the suffixes, in the order of their names.

    Raises:
        DatasetError: there are none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)
    if not found:
        kinds = ", ".join(sorted(suffixes))
        raise DatasetError(f"{folder}: expected files of {kinds}, found none")
    return found


def image_beside(stem: Path) -> Path | None:
    """The image file of a name that comes without its suffix."""
    return next((path for path in _candidates(stem) if path.is_file()), None)


def _candidates(stem: Path) -> Iterator[Path]:
    for suffix in sorted(SUFFIXES):
        yield stem.with_name(stem.name + suffix)
        yield stem.with_name(stem.name + suffix.upper())
