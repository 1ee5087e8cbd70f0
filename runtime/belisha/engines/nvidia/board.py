"""Which NVIDIA system this is, by its own files: release of a Jetson's Linux, kernel driver."""

from __future__ import annotations

import re
from pathlib import Path

_MAX_BYTES = 4096


def read_l4t(root: Path = Path("/")) -> str | None:
    """Release of NVIDIA's Linux for Jetson; nothing elsewhere. `root` stands for /."""
    return parse_l4t(_text(root / "etc/nv_tegra_release"))


def parse_l4t(release: str) -> str | None:
    """`# R36 (release), REVISION: 4.3, ...` -> 36.4.3."""
    found = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", release)
    return f"{found[1]}.{found[2]}" if found else None


def read_kernel_driver(root: Path = Path("/")) -> str | None:
    """Version of the kernel's driver, such as 580.95.05; nothing where it is not told."""
    found = re.search(
        r"Kernel Module.*?\s(\d+(?:\.\d+)+)", _text(root / "proc/driver/nvidia/version")
    )
    return found[1] if found else None


def free_megabytes(root: Path = Path("/")) -> int | None:
    """Memory that a new program may have, in MB of 2^20 bytes; nothing where it is not told."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", _text(root / "proc/meminfo"))
    return int(found[1]) // 1024 if found else None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
