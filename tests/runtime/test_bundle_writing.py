"""A bundle is written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from belisha.bundle import MAX_FILES, Bundle, write_bundle, write_whole
from belisha.errors import BundleError
from tests.interpreter import run_python
from tests.toy import toy_bundle, toy_files, toy_manifest

MODEL = "models/float.onnx"


def test_an_existing_bundle_is_replaced(tmp_path: Path) -> None:
    toy_bundle(tmp_path / "a.bundle")
    second = toy_bundle(tmp_path / "a.bundle", threshold=0.7)
    assert Bundle.open(tmp_path / "a.bundle") == second
    assert [path.name for path in tmp_path.iterdir()] == ["a.bundle"]
    assert stat.S_IMODE(second.path.stat().st_mode) == 0o644


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert toy_bundle(tmp_path / "a" / "b" / "c.bundle").path.is_file()


@pytest.mark.parametrize(
    ("changes", "files", "message"),
    [
        ({"threshold": 1.0}, {}, "expected a threshold"),
        ({"models": {"float": "gone"}}, {}, "names 'gone', which is not in the bundle"),
        ({"preprocessing_digest": "0"}, {}, "parameters hash to"),
        ({}, {"../x": b""}, "refused the file name '../x'"),
        ({}, {f"{i}": b"" for i in range(MAX_FILES)}, "expected at most 1000 files"),
    ],
    ids=["threshold", "model", "hash", "name", "number of files"],
)
def test_what_would_be_refused_is_not_written(
    tmp_path: Path, changes: dict[str, object], files: dict[str, bytes], message: str
) -> None:
    old = toy_bundle(tmp_path / "a.bundle")
    with pytest.raises(BundleError, match=message):
        write_bundle(old.path, toy_manifest(**changes), {**toy_files(), **files})
    assert Bundle.open(old.path) == old
    assert [path.name for path in tmp_path.iterdir()] == ["a.bundle"]


FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from belisha.bundle import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    write_whole(Path(sys.argv[1]), bytes(100_000))
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("old", [b"what was there before", None], ids=["replacing", "new"])
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "a.bundle"
    if old is not None:
        path.write_bytes(old)
    done = run_python(FILL_THE_DISK, str(path))
    assert "File too large" in done.stdout
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == (
        {} if old is None else {"a.bundle": old}
    )


def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file" / "a.bundle", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
