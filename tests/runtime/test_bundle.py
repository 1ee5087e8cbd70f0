"""A bundle: written whole or not at all, equal bytes for equal content, refused at any doubt."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belisha.bundle import MAX_FILES, Bundle, write_bundle
from belisha.errors import EXIT_REFUSED, BundleError, BundleVersionError
from belisha.manifest import digest
from tests.archives import (
    END,
    FLAGS,
    REAL_BYTES,
    STORED_BYTES,
    Entry,
    manifest_of,
    patch_central,
    toy_entries,
    write_zip,
)
from tests.toy import toy_bundle, toy_files, toy_manifest

MODEL = "models/float.onnx"
BYTES = st.binary(max_size=300)


def test_a_bundle_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    files = {**toy_files(), "CARD.md": b"# Toy\n", "empty": b""}
    written = write_bundle(tmp_path / "a.bundle", toy_manifest(model_card="CARD.md"), files)
    opened = Bundle.open(tmp_path / "a.bundle")
    assert opened == written
    assert {name: opened.read(name) for name in opened.manifest.files} == files
    assert opened.model("float") == files[MODEL]
    assert replace(opened.manifest, files={}) == toy_manifest(model_card="CARD.md")


def test_a_path_may_be_text(toy: Bundle) -> None:
    assert Bundle.open(str(toy.path)) == toy


def test_the_digest_is_that_of_the_manifest(toy: Bundle) -> None:
    with zipfile.ZipFile(toy.path) as archive:
        assert toy.digest == digest(archive.read("manifest.json"))


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    forwards = toy_files()
    backwards = dict(reversed(forwards.items()))
    first = write_bundle(tmp_path / "first.bundle", toy_manifest(), forwards)
    second = write_bundle(tmp_path / "second.bundle", toy_manifest(), backwards)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.digest == second.digest


def test_bytes_are_the_same_on_every_python(tmp_path: Path) -> None:
    """Pinned, so that a digest written down today names the same bundle tomorrow."""
    files = {MODEL: b"a model", "golden/0.png": b"a picture"}
    bundle = write_bundle(tmp_path / "a.bundle", toy_manifest(), files)
    assert hashlib.sha256(bundle.path.read_bytes()).hexdigest()[:16] == "58c8bc2095c4c10d"


def test_other_content_has_another_digest(tmp_path: Path, toy: Bundle) -> None:
    assert toy_bundle(tmp_path / "b.bundle", threshold=0.6).digest != toy.digest
    more = write_bundle(tmp_path / "c.bundle", toy_manifest(), {**toy_files(), "x": b""})
    assert more.digest != toy.digest


def test_any_unzip_can_read_a_bundle(toy: Bundle) -> None:
    with zipfile.ZipFile(toy.path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", *sorted(toy_files())]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z.]{0,6}[a-z])?", fullmatch=True), st.binary())
)
def test_any_files_travel(tmp_path: Path, files: dict[str, bytes]) -> None:
    files = {**files, **toy_files()}
    bundle = write_bundle(tmp_path / "any.bundle", toy_manifest(), files)
    assert {name: bundle.read(name) for name in files} == files
    assert Bundle.open(bundle.path) == bundle


# What is no bundle at all.


ZIP64 = b"PK\6\7" + b"\xff" * 16


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda data: b"", "0 bytes long.: copy or download it again", id="empty"),
        pytest.param(lambda data: b"PK\5\6", "not a whole zip .4 bytes long", id="four bytes"),
        pytest.param(lambda data: b"x" * 10_000, "its end is not where", id="no zip"),
        pytest.param(lambda data: data[:-1], "its end is not where", id="one byte short"),
        pytest.param(lambda data: data + b"\0", "its end is not where", id="one byte long"),
        pytest.param(lambda data: data[:-2] + b"\1\0!", "its end is not where", id="a comment"),
        pytest.param(lambda data: data[1:], "", id="first byte lost"),
        pytest.param(lambda data: data.replace(END, ZIP64 + END), "its end is not", id="zip64"),
    ],
)  # fmt: skip
def test_what_is_no_whole_zip_is_refused(
    toy: Bundle, tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "damaged.bundle"
    path.write_bytes(damage(toy.path.read_bytes()))
    with pytest.raises(BundleError, match=rf"^{path}: .*{message}") as caught:
        Bundle.open(path)
    assert caught.value.exit_code == EXIT_REFUSED


@pytest.mark.parametrize("twentieths", range(20))
def test_a_truncated_bundle_is_refused(toy: Bundle, tmp_path: Path, twentieths: int) -> None:
    path = tmp_path / "cut.bundle"
    data = toy.path.read_bytes()
    path.write_bytes(data[: len(data) * twentieths // 20])
    with pytest.raises(BundleError, match="copy or download it again"):
        Bundle.open(path)


def test_an_absent_bundle_says_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"absent.bundle: cannot be read: No such file"):
        Bundle.open(tmp_path / "absent.bundle")


def test_a_folder_and_a_pipe_are_no_bundles(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BundleError, match="expected a bundle, got a folder or a device"):
            Bundle.open(path)


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "other.zip", [("readme.txt", b"hello")])
    with pytest.raises(
        BundleError, match=r"expected manifest.json in it: this zip is not a bundle"
    ):
        Bundle.open(path)


def test_a_file_of_half_a_gigabyte_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.bundle"
    with path.open("wb") as file:
        file.truncate(600 * 1024 * 1024)
    with pytest.raises(BundleError, match="expected at most 536870912 bytes, got 629145600"):
        Bundle.open(path)


# What was tampered with.


def test_a_flipped_byte_of_the_model_is_found(toy: Bundle, tmp_path: Path) -> None:
    data = bytearray(toy.path.read_bytes())
    data[data.index(b"softplus" if b"softplus" in data else b"Conv") + 1] ^= 1
    path = tmp_path / "flipped.bundle"
    path.write_bytes(data)
    with pytest.raises(BundleError, match=rf"{MODEL} cannot be read: Bad CRC-32"):
        Bundle.open(path)


def replaced(name: str, data: bytes) -> list[Entry]:
    """The toy's entries, one of them with other content but the old manifest."""
    return [(entry, data if entry == name else old) for entry, old in toy_entries()]


def edited_manifest(**changes: object) -> list[Entry]:
    manifest = json.loads(manifest_of(toy_files()))
    return replaced("manifest.json", json.dumps({**manifest, **changes}).encode())


def entry(name: str, *, mode: int = 0o644, kind: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.compress_type = mode << 16, kind
    return info


def extra_file(info: zipfile.ZipInfo, data: bytes = b"x") -> list[Entry]:
    """A bundle whose manifest lists one more file, correctly; only its entry can be wrong."""
    files = {**toy_files(), info.filename: data}
    return [("manifest.json", manifest_of(files)), *toy_files().items(), (info, data)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        pytest.param(
            replaced(MODEL, toy_files()[MODEL] + b"\0"),
            f"{MODEL} is not what the manifest says", id="a model one byte longer",
        ),
        pytest.param(
            replaced(MODEL, b"x" * len(toy_files()[MODEL])),
            "damaged or was tampered with; copy or export it again", id="another model",
        ),
        pytest.param(
            edited_manifest(preprocessing_digest="0" * 64),
            "parameters hash to", id="another preprocessing hash",
        ),
        pytest.param(edited_manifest(colour=1), "unknown key 'colour'", id="an unknown key"),
        pytest.param(edited_manifest(format=3), "expected bundle format 2 or older", id="newer"),
        pytest.param(edited_manifest(format=True), "format number, got True", id="format true"),
        pytest.param(edited_manifest(format="1"), "format number, got '1'", id="format in quotes"),
        pytest.param(edited_manifest(format=-1), "format number, got -1", id="format negative"),
        pytest.param(
            edited_manifest(files={}), "which is not in the bundle", id="a manifest without files"
        ),
        pytest.param(
            edited_manifest(files={n: {"bytes": 10**30, "sha256": ""} for n in toy_files()}),
            "is not what the manifest says", id="lengths beyond any machine",
        ),
        pytest.param(
            edited_manifest(files={n: {"bytes": -2, "sha256": ""} for n in toy_files()}),
            "is not what the manifest says", id="negative lengths",
        ),
        pytest.param(
            replaced("manifest.json", b"threshold = 0.5"), "not valid JSON", id="no JSON"
        ),
        pytest.param(
            replaced("manifest.json", b" " * 5_000_000),
            "manifest.json is longer than 4194304 bytes", id="a manifest of 5 MB",
        ),
        pytest.param(
            [*toy_entries(), ("more.txt", b"")],
            r"files and manifest disagree: not listed \['more.txt'\], absent \[\]",
            id="a file too many",
        ),
        pytest.param(
            [("manifest.json", manifest_of({**toy_files(), "more.txt": b""})), *toy_entries()[1:]],
            r"not listed \[\], absent \['more.txt'\]", id="a file too few",
        ),
        pytest.param(
            [*toy_entries(), (MODEL, b"another")], "a file name stands twice", id="a name twice"
        ),
        pytest.param(
            [*toy_entries(), *toy_entries()[:1]], "a file name stands twice", id="two manifests"
        ),
        pytest.param(
            [*toy_entries(), *((f"{i}", b"") for i in range(MAX_FILES))],
            "expected at most 1000 files, got 1003", id="too many files",
        ),
        pytest.param(
            [*toy_entries(), *((f"{i:0600}", b"") for i in range(MAX_FILES))],
            "expected at most 1000 files: refused", id="a directory too long to look at",
        ),
        pytest.param(
            extra_file(entry("notes.txt", kind=zipfile.ZIP_DEFLATED)),
            "notes.txt is compressed or encrypted; bundles are stored plain", id="deflated",
        ),
        pytest.param(
            extra_file(entry("notes.txt", mode=stat.S_IFLNK | 0o777), b"/etc/passwd"),
            "notes.txt is a link or a device", id="a link",
        ),
        pytest.param(
            extra_file(entry("notes.txt", mode=stat.S_IFCHR | 0o600)),
            "notes.txt is a link or a device", id="a device",
        ),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_refused(
    tmp_path: Path, entries: list[Entry], message: str
) -> None:
    path = write_zip(tmp_path / "hostile.bundle", entries)
    with pytest.raises(BundleError, match=rf"^{path}: .*{message}"):
        Bundle.open(path)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "a/../../x",
        "..",
        "a\\b",
        "C:\\x",
        "folder/",
        "./x",
        "a//b",
        ".",
        "/",
        "\t",
        "\x1b[2J",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "hostile.bundle", extra_file(entry(name)))
    with pytest.raises(BundleError, match="refused the file name"):
        Bundle.open(path)


def test_a_threshold_may_be_edited_only_by_making_another_bundle(
    toy: Bundle, tmp_path: Path
) -> None:
    """No digest covers the manifest from inside; but the bundle's own digest tells."""
    edited = Bundle.open(write_zip(tmp_path / "a.bundle", edited_manifest(threshold=0.1)))
    assert edited.manifest.threshold == 0.1
    assert edited.digest != toy.digest


def test_a_newer_bundle_is_told_apart(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "new.bundle", edited_manifest(format=7))
    with pytest.raises(BundleVersionError, match="got 7: update belisha on this machine"):
        Bundle.open(path)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    bomb = entry("manifest.json", kind=zipfile.ZIP_DEFLATED)
    path = write_zip(tmp_path / "bomb.bundle", [(bomb, bytes(100_000_000)), *toy_entries()[1:]])
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(BundleError, match=r"manifest.json is compressed or encrypted"):
        Bundle.open(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (FLAGS, 0x1, f"{MODEL} is compressed or encrypted"),
        (FLAGS, 0x20, f"{MODEL} cannot be read: compressed patched data"),
        (FLAGS, 0x40, f"{MODEL} cannot be read: strong encryption"),
        (REAL_BYTES, 2**31, f"{MODEL} is compressed"),
        (REAL_BYTES, 10, f"{MODEL} is compressed"),
        (STORED_BYTES, 10, f"{MODEL} is compressed"),
        (STORED_BYTES, 2**31, f"{MODEL} is compressed"),
    ],
    ids=["encrypted", "patched", "strongly encrypted", "long", "short", "cut", "stretched"],
)
def test_a_directory_that_lies_is_refused(
    toy: Bundle, tmp_path: Path, field: tuple[str, int], value: int, message: str
) -> None:
    path = tmp_path / "lying.bundle"
    path.write_bytes(toy.path.read_bytes())
    patch_central(path, MODEL, field, value)
    with pytest.raises(BundleError, match=rf"^{path}: .*{message}"):
        Bundle.open(path)


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """A thousand entries that claim one long file would be read a thousand times."""
    files = {"models/float.onnx": bytes(100_000), "golden/0.png": b""}
    path = write_zip(tmp_path / "a.bundle", [("manifest.json", manifest_of(files)), *files.items()])
    for field in (REAL_BYTES, STORED_BYTES):
        patch_central(path, "golden/0.png", field, 100_000)
    with pytest.raises(BundleError, match=r"its files claim more than its 10[0-9]{4} bytes"):
        Bundle.open(path)


# What changes after it was opened.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: path.write_bytes(b""), "not a whole zip"),
        (lambda path: write_zip(path, replaced(MODEL, b"other")), "is not what the manifest says"),
        (lambda path: write_zip(path, toy_entries()[:1]), f"{MODEL} cannot be read"),
        (
            lambda path: write_zip(path, extra_file(entry("a", kind=zipfile.ZIP_DEFLATED))),
            "compressed or encrypted",
        ),
    ],
    ids=["deleted", "emptied", "another model", "no model", "compressed"],
)
def test_a_file_changed_on_disk_is_refused_when_it_is_read(
    tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    bundle = toy_bundle(tmp_path / "toy.bundle")
    change(bundle.path)
    with pytest.raises(BundleError, match=message):
        bundle.read(MODEL)


# Writing.
