"""Draws shared libraries and wheels, as small as can be."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

AARCH64, X86_64 = 183, 62
_HEADER_BYTES, _SEGMENT_BYTES = 64, 56


def draw_library(
    needed: Sequence[str] = (), glibc: Sequence[str] = (), machine: int = AARCH64
) -> bytes:
    """An ELF file with nothing but what the loader looks at, mapped at address 0.

    Args:
        needed: libraries that it is linked with.
        glibc: versions that it asks of the C library, such as `GLIBC_2.28`.
        machine: number of the processor.
    """
    words = ["", *needed, "libc.so.6", *glibc]
    strings, places = b"", {}
    for word in words:
        places[word] = len(strings)
        strings += word.encode() + b"\0"
    strings_at = _HEADER_BYTES + 2 * _SEGMENT_BYTES
    versions_at = strings_at + len(strings)
    versions = b""
    if glibc:
        versions = struct.pack("<2H3I", 1, len(glibc), places["libc.so.6"], 16, 0)
        for index, name in enumerate(glibc):
            following = 16 if index + 1 < len(glibc) else 0
            versions += struct.pack("<I2H2I", 0, 0, 2, places[name], following)
    dynamic_at = versions_at + len(versions)
    entries = [(1, places[word]) for word in needed] + [(5, strings_at)]
    entries += [(0x6FFFFFFE, versions_at), (0x6FFFFFFF, 1)] if glibc else []
    dynamic = b"".join(struct.pack("<2Q", *entry) for entry in [*entries, (0, 0)])
    total = dynamic_at + len(dynamic)
    head = struct.pack(
        "<16s2HI3QI6H", b"\x7fELF\x02\x01\x01", 3, machine, 1, 0, _HEADER_BYTES, 0, 0,
        _HEADER_BYTES, _SEGMENT_BYTES, 2, 0, 0, 0,
    )  # fmt: skip
    segments = struct.pack("<2I6Q", 1, 5, 0, 0, 0, total, total, 4096)
    segments += struct.pack(
        "<2I6Q", 2, 4, dynamic_at, dynamic_at, dynamic_at, len(dynamic), len(dynamic), 8
    )
    return head + segments + strings + versions + dynamic


def draw_wheel(
    folder: Path, name: str, files: Mapping[str, bytes], *, version: str = "1.0", needs: str = ""
) -> Path:
    """A wheel with the given files and a licence."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs.split("|") if need)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
        archive.writestr(f"{name}-{version}.dist-info/METADATA", metadata)
        archive.writestr(f"{name}-{version}.dist-info/LICENSE", f"the terms of {name}")
    return path
