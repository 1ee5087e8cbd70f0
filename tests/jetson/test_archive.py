"""A .deb is written without Debian's tools, the same bytes each time, as they would read it."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from jetson.package.archive import File, deb, installed_kb

CONTROL = {"control": File(b"Package: toy\nVersion: 1\nArchitecture: arm64\n")}
DATA = {
    "usr/bin/toy": File(b"#!/bin/sh\n", 0o755),
    "usr/share/doc/toy/odd": File(b"odd"),
    "etc/toy.conf": File(b"a: 1\n"),
}


def members(package: bytes) -> dict[str, bytes]:
    """Name -> content of an `ar`, read the plain way."""
    assert package.startswith(b"!<arch>\n")
    found, at = {}, 8
    while at < len(package):
        head = package[at : at + 60].decode()
        assert head.endswith("`\n")
        size = int(head[48:58])
        found[head[:16].strip()] = package[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    return found


def tar(content: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(content), mode="r:gz")


def test_the_members_come_in_the_order_that_dpkg_wants() -> None:
    assert list(members(deb(CONTROL, DATA))) == ["debian-binary", "control.tar.gz", "data.tar.gz"]


def test_the_same_files_are_the_same_bytes_in_whatever_order_they_come() -> None:
    assert deb(CONTROL, DATA) == deb(CONTROL, dict(reversed(list(DATA.items()))))


def test_files_belong_to_root_and_keep_content_and_mode() -> None:
    with tar(members(deb(CONTROL, DATA))["data.tar.gz"]) as archive:
        files = {info.name.removeprefix("./"): info for info in archive if info.isfile()}
        assert files.keys() == DATA.keys()
        for name, info in files.items():
            assert (info.uid, info.gid, info.mode) == (0, 0, DATA[name].mode)
            found = archive.extractfile(info)
            assert found is not None
            assert found.read() == DATA[name].content


def test_every_folder_comes_before_what_lies_in_it() -> None:
    with tar(members(deb(CONTROL, DATA))["data.tar.gz"]) as archive:
        names = archive.getnames()
    for name in names:
        parent = name.rpartition("/")[0]
        assert not parent or names.index(parent) < names.index(name)


def test_sums_are_of_all_files_that_only_the_package_may_change() -> None:
    with tar(members(deb(CONTROL, DATA))["control.tar.gz"]) as archive:
        sums = archive.extractfile("./md5sums")
        assert sums is not None
        lines = sums.read().decode().splitlines()
    odd = hashlib.md5(b"odd", usedforsecurity=False).hexdigest()
    assert f"{odd}  usr/share/doc/toy/odd" in lines
    assert not any("etc/" in line for line in lines)


def test_installed_size_counts_whole_blocks() -> None:
    assert installed_kb([File(b""), File(b"x"), File(b"x" * 4096), File(b"x" * 4097)]) == 16


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb, as Debian has it")
def test_dpkg_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "toy.deb"
    path.write_bytes(deb(CONTROL, DATA))
    shown = subprocess.run(["dpkg-deb", "--field", path, "Package"], capture_output=True, text=True)
    assert shown.stdout == "toy\n"
    subprocess.run(["dpkg-deb", "--extract", path, tmp_path / "out"], check=True)
    assert (tmp_path / "out" / "etc" / "toy.conf").read_bytes() == b"a: 1\n"
