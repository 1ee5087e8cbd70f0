"""A package is put together from wheels, and refused if it could not run on its target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.errors import UsageError
from jetson.package.assembly import SITE, Package, assemble
from jetson.package.targets import TARGETS, find_target
from jetson.package.wheels import open_wheel
from tests.jetson.libraries import X86_64, draw_library, draw_wheel
from tests.jetson.test_archive import members, tar

JETPACK6 = TARGETS["jetpack6"]


def assembled(tmp_path: Path, *libraries: bytes, target: str = "jetpack6") -> Package:
    """A package of two toy wheels; the libraries are in the second."""
    guide = tmp_path / "README.md"
    guide.write_text("# a guide\n")
    own = draw_wheel(tmp_path, "belisha", {"belisha/__init__.py": b""}, version="0.1.0")
    files = {f"other/lib{index}.so": content for index, content in enumerate(libraries)}
    other = draw_wheel(tmp_path, "other", {"other/__init__.py": b"", **files})
    return assemble(find_target(target), [open_wheel(own), open_wheel(other)], guide)


def contents(package: Package, member: str = "data.tar.gz") -> dict[str, bytes]:
    """Path -> content of a package's files."""
    found = {}
    with tar(members(package.content)[member]) as archive:
        for info in archive:
            if info.isfile():
                file = archive.extractfile(info)
                assert file is not None
                found[info.name.removeprefix("./")] = file.read()
    return found


def test_wheels_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    files = contents(assembled(tmp_path))
    assert {f"{SITE}/belisha/__init__.py", f"{SITE}/other/__init__.py"} <= files.keys()


def test_the_name_says_for_which_python(tmp_path: Path) -> None:
    names = {name: assembled(tmp_path, target=name).file_name for name in TARGETS}
    assert names["jetpack6"] == "belisha_0.1.0+py310_arm64.deb"
    assert names["jetpack7"] == "belisha_0.1.0+py312_arm64.deb"


def test_exactly_one_python_is_admitted(tmp_path: Path) -> None:
    assert "python3 (>= 3.10), python3 (<< 3.11)" in assembled(tmp_path).depends
    files = contents(assembled(tmp_path))
    assert b"/usr/bin/python3.10 /usr/lib/belisha/start.py" in files["usr/bin/belisha"]


def test_what_the_libraries_need_becomes_dependencies(tmp_path: Path) -> None:
    library = draw_library(["libstdc++.so.6", "libc.so.6"], ["GLIBC_2.28"])
    package = assembled(tmp_path, library)
    assert "libc6 (>= 2.28), libstdc++6" in package.depends
    assert package.glibc == (2, 28)


def test_the_gpus_driver_is_jetpacks_and_no_dependency(tmp_path: Path) -> None:
    depends = assembled(tmp_path, draw_library(["libcuda.so.1", "libc.so.6"])).depends
    assert "cuda" not in depends


def test_libraries_of_the_package_itself_are_no_dependency(tmp_path: Path) -> None:
    package = assembled(tmp_path, draw_library(["lib1.so"]), draw_library())
    assert "lib1" not in package.depends


@pytest.mark.parametrize(
    ("library", "words"),
    [
        (draw_library(machine=X86_64), "aarch64"),
        (draw_library((), ["GLIBC_2.36"]), r"glibc 2\.35 of JetPack 6.*asks for 2\.36"),
        (draw_library(["libnobody.so.1"]), r"no known package brings libnobody\.so\.1"),
    ],
)
def test_what_would_not_load_on_the_target_is_refused(
    tmp_path: Path, library: bytes, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        assembled(tmp_path, library)


def test_two_wheels_may_not_bring_different_files_of_one_name(tmp_path: Path) -> None:
    first = draw_wheel(tmp_path, "belisha", {"same.py": b"1"})
    second = draw_wheel(tmp_path, "other", {"same.py": b"2"})
    with pytest.raises(UsageError, match=r"other.*same\.py"):
        assemble(JETPACK6, [open_wheel(first), open_wheel(second)], first)


def test_no_placeholder_is_left(tmp_path: Path) -> None:
    package = assembled(tmp_path)
    ours = {
        path: content
        for path, content in (contents(package) | contents(package, "control.tar.gz")).items()
        if SITE not in path and "share/doc" not in path
    }
    assert len(ours) > 10
    assert not [
        path for path, content in ours.items() if b"@PYTHON@" in content or b"@V" in content
    ]


def test_configuration_belongs_to_the_owner(tmp_path: Path) -> None:
    control = contents(assembled(tmp_path), "control.tar.gz")
    lines = set(control["conffiles"].decode().split())
    assert lines == {"/etc/belisha/belisha.yaml", "/etc/belisha/power.conf"}


def test_the_bill_names_every_part_with_its_digest(tmp_path: Path) -> None:
    bill = json.loads(contents(assembled(tmp_path))["usr/share/doc/belisha/sbom.cdx.json"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    parts = {part["name"]: part for part in bill["components"]}
    assert parts["other"]["purl"] == "pkg:pypi/other@1.0"
    assert parts["other"]["licenses"] == [{"license": {"name": "MIT"}}]
    assert all(len(part["hashes"][0]["content"]) == 64 for part in parts.values())
    assert [part for part in parts.values() if part["type"] == "machine-learning-model"]


def test_the_terms_of_every_part_are_inside(tmp_path: Path) -> None:
    terms = contents(assembled(tmp_path))["usr/share/doc/belisha/copyright"].decode()
    assert "the terms of belisha" in terms
    assert "the terms of other" in terms
