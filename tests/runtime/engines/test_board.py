"""What NVIDIA's files say of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.engines.nvidia.board import free_megabytes, read_kernel_driver, read_l4t
from belisha.engines.nvidia.building import check_memory
from belisha.errors import EngineError


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_a_jetson_tells_its_release(tmp_path: Path) -> None:
    put(tmp_path, "etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 38968081, ...")
    assert read_l4t(tmp_path) == "36.4.3"


def test_a_desktop_tells_its_driver(tmp_path: Path) -> None:
    put(
        tmp_path,
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n",
    )
    assert read_kernel_driver(tmp_path) == "580.95.05"


def test_another_machine_tells_nothing(tmp_path: Path) -> None:
    assert (read_l4t(tmp_path), read_kernel_driver(tmp_path)) == (None, None)
    assert free_megabytes(tmp_path) is None


def test_free_memory_is_in_megabytes(tmp_path: Path) -> None:
    put(tmp_path, "proc/meminfo", "MemTotal: 7858572 kB\nMemAvailable:    2097152 kB\n")
    assert free_megabytes(tmp_path) == 2048


def test_too_little_memory_stops_a_build_before_it_begins() -> None:
    with pytest.raises(EngineError, match=r"expected 1500 MB of free memory.*got 900: stop other"):
        check_memory(1500, lambda: 900)
    check_memory(1500, lambda: 1500)
    check_memory(1500, lambda: None)  # a machine that does not tell is believed
