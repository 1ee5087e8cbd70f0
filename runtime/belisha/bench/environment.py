"""What a figure was measured on. What cannot be read is `None`, never 0: a missing sensor is no
cold one.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from belisha import __version__
from belisha.bench.accelerator import Gpu, Jetson, read_gpu, read_jetson
from belisha.bench.sensors import Sensors, read_sensors

_LIBRARIES = (
    "numpy",
    "opencv-python-headless",
    "opencv-python",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "pycuda",
)
_X86_FEATURES = {"avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16"}
_X86_FEATURES |= {"avx_vnni", "avx_vnni_int8", "amx_int8", "amx_bf16"}
_ARM_FEATURES = {"neon", "asimd", "asimddp", "i8mm", "sve", "sve2", "bf16"}
_TELLING_FEATURES = _X86_FEATURES | _ARM_FEATURES
"""What of a processor's features decides how fast a network runs."""


@dataclass(frozen=True)
class Processor:
    """The processor.

    Attributes:
        model: as it calls itself.
        cores: that this process may use.
        features: those that decide how fast a network runs.
        governor: of the clock, such as `performance`.
        virtual: whether a hypervisor stands between; other guests are then invisible.
    """

    model: str | None
    cores: int
    features: tuple[str, ...]
    governor: str | None
    virtual: bool


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The machine and what runs on it.

    Attributes:
        measured_at: UTC, ISO 8601.
        belisha, python: versions.
        system: kernel and architecture.
        processor: see there.
        memory_mb: of the machine.
        load_1m: processes that wanted to run, mean of the minute before the measurement.
        libraries: name -> version, of those that are installed.
        sensors: temperatures and clocks before the measurement.
        gpu, jetson: if there is one.
    """

    measured_at: str
    belisha: str
    python: str
    system: str
    processor: Processor
    memory_mb: int | None
    load_1m: float | None
    libraries: dict[str, str]
    sensors: Sensors
    gpu: Gpu | None
    jetson: Jetson | None

    @property
    def summary(self) -> str:
        """One line for people."""
        features = [name for name in self.processor.features if "vnni" in name or "dp" in name]
        words = [
            f"{self.processor.model or 'unknown processor'}, {self.processor.cores} cores"
            + (f" ({', '.join(features)})" if features else "")
            + (", virtual" if self.processor.virtual else ""),
            f"governor {self.processor.governor or 'not readable'}",
            *(f"{name} {self.libraries[name]}" for name in self.libraries if "onnx" in name),
            *([self.gpu.name] if self.gpu else []),
            *([f"{self.jetson.board}, {self.jetson.power_mode}"] if self.jetson else []),
        ]
        return "; ".join(words)


def read_environment() -> Environment:
    """Look at this machine, now."""
    return Environment(
        measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        belisha=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        memory_mb=_memory_mb(),
        load_1m=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        libraries=_libraries(),
        sensors=read_sensors(),
        gpu=read_gpu(),
        jetson=read_jetson(),
    )


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resident_mb() -> tuple[float | None, float | None]:
    """Memory of this process now, and the most it had, in MB of a million bytes."""
    text = read_text(Path("/proc/self/status"))
    now, peak = (re.search(rf"^{key}:\s+(\d+) kB", text, re.M) for key in ("VmRSS", "VmHWM"))
    return _megabytes(now), _megabytes(peak)


def read_text(path: Path, limit: int = 1_000_000) -> str:
    """A small file of the system; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode(errors="replace")
    except OSError:
        return ""


def parse_processor(cpuinfo: str) -> tuple[str | None, tuple[str, ...], bool]:
    """Model, telling features, and whether it is virtual, of the text of /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    features = set((fields.get("flags") or fields.get("Features") or "").split())
    model = fields.get("model name") or fields.get("Model") or fields.get("Hardware") or None
    return model, tuple(sorted(features & _TELLING_FEATURES)), "hypervisor" in features


def _processor() -> Processor:
    model, features, virtual = parse_processor(read_text(Path("/proc/cpuinfo")))
    governor = read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")).strip()
    return Processor(
        model or platform.processor() or None, usable_cores(), features, governor or None, virtual
    )


def _memory_mb() -> int | None:
    found = re.search(r"^MemTotal:\s+(\d+) kB", read_text(Path("/proc/meminfo")), re.M)
    return int(found[1]) * 1024 // 1_000_000 if found else None


def _megabytes(found: re.Match[str] | None) -> float | None:
    return round(int(found[1]) * 1024 / 1e6, 1) if found else None


def _libraries() -> dict[str, str]:
    """Versions of what is installed; nothing is imported."""
    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
