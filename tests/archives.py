"""Zip files that no honest tool writes, for whoever must refuse them."""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from belisha.manifest import FileRecord, digest
from tests.toy import toy_files, toy_manifest

Entry = tuple[str | zipfile.ZipInfo, bytes]

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
"""How a zip's records begin."""

FLAGS, STORED_BYTES, REAL_BYTES = ("<H", 8), ("<L", 20), ("<L", 24)
"""Format and offset of some fields of a central record."""


def manifest_of(files: Mapping[str, bytes], **changes: object) -> bytes:
    """The toy's manifest, listing these files with their true lengths and digests."""
    records = {name: FileRecord(len(data), digest(data)) for name, data in files.items()}
    return toy_manifest(files=records, **changes).to_json()


def toy_entries() -> list[Entry]:
    """What is in the toy bundle, the manifest first."""
    return [("manifest.json", manifest_of(toy_files())), *toy_files().items()]


def write_zip(path: Path, entries: Iterable[Entry]) -> Path:
    """Write entries as they come, stored unless a `ZipInfo` says otherwise."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # of a name that stands twice
        for name, data in entries:
            kind = zipfile.ZIP_STORED if isinstance(name, str) else name.compress_type
            archive.writestr(name, data, compress_type=kind)
    return path


def patch_central(path: Path, name: str, field: tuple[str, int], value: int) -> None:
    """Overwrite a field of the central record of one entry."""
    data = bytearray(path.read_bytes())
    form, offset = field
    at = data.index(CENTRAL)
    while data[at + 46 : at + 46 + len(name)] != name.encode():
        at = data.index(CENTRAL, at + 1)
    struct.pack_into(form, data, at + offset, value)
    path.write_bytes(data)
