"""What libraries need is read without running them."""

from __future__ import annotations

import pytest

from belisha.errors import UsageError
from jetson.package.elf import Needs, read_needs
from tests.jetson.libraries import X86_64, draw_library


def test_linked_libraries_and_the_newest_c_library_are_found() -> None:
    library = draw_library(["libm.so.6", "libz.so.1"], ["GLIBC_2.17", "GLIBC_2.28", "GLIBC_2.4"])
    assert read_needs("a.so", library) == Needs(("libm.so.6", "libz.so.1"), (2, 28))


def test_versions_are_compared_as_numbers() -> None:
    assert read_needs("a.so", draw_library((), ["GLIBC_2.9", "GLIBC_2.10"])).glibc == (2, 10)


def test_names_of_other_versions_say_nothing_about_the_c_library() -> None:
    assert read_needs("a.so", draw_library((), ["GLIBC_PRIVATE", "GCC_3.0"])).glibc == (0, 0)


def test_a_library_that_needs_nothing_is_fine() -> None:
    assert read_needs("a.so", draw_library()) == Needs((), (0, 0))


def test_another_processor_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"^a\.so: expected a library for aarch64.*62"):
        read_needs("a.so", draw_library(machine=X86_64))


@pytest.mark.parametrize("length", [4, 40, 100, 150, 200])
def test_a_truncated_library_is_refused(length: int) -> None:
    whole = draw_library(["libm.so.6"], ["GLIBC_2.17"])
    with pytest.raises(UsageError, match=r"^a\.so: expected a whole ELF file"):
        read_needs("a.so", whole[:length])
