"""A .deb, written so that the same content is the same bytes: an `ar` of two compressed tars."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_TIME = 315532800
"""Of every file: 1980-01-01, where zip's calendar begins."""


@dataclass(frozen=True)
class File:
    """A file of a package; it belongs to root.

    Attributes:
        content: its bytes.
        mode: its permissions.
    """

    content: bytes
    mode: int = 0o644


def deb(control: Mapping[str, File], data: Mapping[str, File]) -> bytes:
    """The bytes of a package.

    Args:
        control: `control`, `postinst` and so on; `md5sums` is added.
        data: absolute path on the device, without the leading slash -> file.
    """
    sums = "".join(
        f"{hashlib.md5(file.content, usedforsecurity=False).hexdigest()}  {path}\n"
        for path, file in sorted(data.items())
        if not path.startswith("etc/")  # those are the owner's to change
    )
    control = {**control, "md5sums": File(sums.encode())}
    members = [
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", _tar(control)),
        ("data.tar.gz", _tar(data)),
    ]
    return b"!<arch>\n" + b"".join(_member(name, content) for name, content in members)


def installed_kb(files: Iterable[File]) -> int:
    """What files take on a disk with blocks of 4 kB."""
    return sum(-(-len(file.content) // 4096) * 4 for file in files)


def _member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{_TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return head.encode() + content + b"\n" * (len(content) % 2)


def _tar(files: Mapping[str, File]) -> bytes:
    """A compressed tar with the files and the folders that they lie in, sorted."""
    out = io.BytesIO()
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=_TIME, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name in sorted(folders | files.keys()):
            _add(archive, name, files.get(name))
    return out.getvalue()


def _add(archive: tarfile.TarFile, name: str, file: File | None) -> None:
    info = tarfile.TarInfo("./" if name == "." else f"./{name}")
    info.mtime, info.uname, info.gname = _TIME, "root", "root"
    if file is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return
    info.size, info.mode = len(file.content), file.mode
    archive.addfile(info, io.BytesIO(file.content))
