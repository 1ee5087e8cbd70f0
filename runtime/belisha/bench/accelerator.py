"""NVIDIA's side of a machine, as its own tools tell; nothing where there are none."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from belisha.engines.nvidia.board import parse_l4t

_TIMEOUT_S = 5
_QUERY = "name,driver_version,temperature.gpu,clocks.sm,power.limit"


@dataclass(frozen=True)
class Gpu:
    """The first graphics processor; a field that the driver does not tell is `None`.

    Attributes:
        name: as the driver calls it.
        driver: its version.
        temperature_c: degrees Celsius.
        clock_mhz: of its multiprocessors.
        power_limit_w: what it may draw.
    """

    name: str
    driver: str | None
    temperature_c: float | None
    clock_mhz: float | None
    power_limit_w: float | None


@dataclass(frozen=True)
class Jetson:
    """A Jetson.

    Attributes:
        board: as its device tree calls it.
        l4t: release of NVIDIA's Linux.
        jetpack: version of the meta package, where it is installed.
        power_mode: of nvpmodel.
    """

    board: str
    l4t: str | None
    jetpack: str | None
    power_mode: str | None


def read_gpu() -> Gpu | None:
    """Ask nvidia-smi."""
    answer = _ask("nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
    return parse_gpu(answer)


def parse_gpu(answer: str) -> Gpu | None:
    """What nvidia-smi said, one line a processor."""
    fields = [field.strip() for field in answer.partition("\n")[0].split(",")]
    if len(fields) != len(_QUERY.split(",")) or not fields[0]:
        return None
    name, driver, *numbers = fields
    return Gpu(name, driver or None, *map(_number, numbers))


def read_jetson(root: Path = Path("/")) -> Jetson | None:
    """Look for a Jetson; `root` stands for /."""
    board = _text(root / "proc/device-tree/model")
    release = _text(root / "etc/nv_tegra_release")
    if not release and "jetson" not in board.lower():
        return None
    jetpack = _ask("dpkg-query", "--show", "--showformat=${Version}", "nvidia-jetpack")
    return Jetson(
        board or "a Jetson",
        parse_l4t(release),
        jetpack or None,
        parse_power_mode(_ask("nvpmodel", "-q")),
    )


def parse_power_mode(answer: str) -> str | None:
    """`NV Power Mode: MAXN_SUPER` -> MAXN_SUPER."""
    found = re.search(r"NV Power Mode: *(\S+)", answer)
    return found[1] if found else None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:4096].decode(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _ask(*command: str) -> str:
    """What a tool says; nothing where it is absent, fails or hangs."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  # fixed words, no shell
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
