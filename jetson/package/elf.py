"""What a shared library of the device needs: read from its ELF headers, without running it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from belisha.errors import UsageError

MAGIC = b"\x7fELF"
_HEADER = struct.Struct("<16s2HI3QI6H")
_SEGMENT = struct.Struct("<2I6Q")
_DYNAMIC = struct.Struct("<2Q")
_NEED = struct.Struct("<2H3I")
_NEED_VERSION = struct.Struct("<I2H2I")
_LOAD, _DYNAMIC_SEGMENT = 1, 2
_END, _NEEDED, _STRINGS, _VERSIONS, _VERSION_COUNT = 0, 1, 5, 0x6FFFFFFE, 0x6FFFFFFF
_LITTLE_ENDIAN_64 = b"\x02\x01"
_AARCH64 = 183


@dataclass(frozen=True)
class Needs:
    """What a library asks of the system.

    Attributes:
        libraries: names of the libraries that it is linked with.
        glibc: newest version of the C library that it asks for; (0, 0) if it does not care.
    """

    libraries: tuple[str, ...]
    glibc: tuple[int, int]


def read_needs(name: str, content: bytes) -> Needs:
    """Read a library for 64-bit ARM.

    Raises:
        UsageError: it is for another processor, or damaged.
    """
    try:
        return _read(name, content)
    except (struct.error, ValueError) as error:
        raise UsageError(f"{name}: expected a whole ELF file: {error}") from error


def _read(name: str, content: bytes) -> Needs:
    ident, _, machine, _, _, segments_at, *_, count, _, _, _ = _HEADER.unpack_from(content)
    if ident[4:6] != _LITTLE_ENDIAN_64 or machine != _AARCH64:
        raise UsageError(f"{name}: expected a library for aarch64, got ELF machine {machine}")
    segments = [
        _SEGMENT.unpack_from(content, segments_at + i * _SEGMENT.size) for i in range(count)
    ]
    if any(offset + size > len(content) for _, _, offset, _, _, size, *_ in segments):
        raise ValueError("it is truncated")
    loads = [(at, offset, size) for kind, _, offset, at, _, size, *_ in segments if kind == _LOAD]

    def place(address: int) -> int:
        """Where in the file lies what the loader puts at an address."""
        for at, offset, size in loads:
            if at <= address < at + size:
                return int(offset + address - at)
        raise ValueError(f"address {address:#x} is in no segment")

    entries = [
        entry
        for kind, _, offset, _, _, size, *_ in segments
        if kind == _DYNAMIC_SEGMENT
        for entry in _dynamic(content[offset : offset + size])
    ]
    table = dict(entries)
    strings = place(table[_STRINGS]) if _STRINGS in table else 0

    def text(index: int) -> str:
        return content[strings + index : content.index(b"\0", strings + index)].decode()

    versions = [(0, 0)]
    if _VERSIONS in table:
        named = _versions(content, place(table[_VERSIONS]), table[_VERSION_COUNT])
        versions += [found for index in named if (found := _glibc(text(index)))]
    return Needs(tuple(text(value) for tag, value in entries if tag == _NEEDED), max(versions))


def _dynamic(content: bytes) -> Iterator[tuple[int, int]]:
    for tag, value in _DYNAMIC.iter_unpack(content):
        if tag == _END:
            return
        yield tag, value


def _versions(content: bytes, at: int, count: int) -> Iterator[int]:
    """Places of the names of all symbol versions that are asked for."""
    for _ in range(count):
        _, names, _, first, following = _NEED.unpack_from(content, at)
        name_at = at + first
        for _ in range(names):
            *_, name, next_name = _NEED_VERSION.unpack_from(content, name_at)
            yield name
            name_at += next_name
        at += following


def _glibc(version: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", version)
    return (int(found[1]), int(found[2])) if found else None
