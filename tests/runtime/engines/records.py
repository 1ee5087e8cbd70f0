"""Engines that were never built, for tests of what is recorded of them."""

from __future__ import annotations

from dataclasses import replace

from belisha.engines.nvidia.builder import DEFAULT_OPTIONS
from belisha.engines.nvidia.cache import EngineRecord
from belisha.engines.nvidia.fingerprint import Fingerprint, Machine, fingerprint
from belisha.engines.nvidia.inspection import Inspection
from belisha.manifest import digest

MACHINE = Machine("Orin", "8.7", "10.3.0", "12.6", None, "36.4.3")
FINGERPRINT = fingerprint(64 * "a", MACHINE, DEFAULT_OPTIONS)


def on_machine(**changes: object) -> Fingerprint:
    """The fingerprint on another machine."""
    return replace(FINGERPRINT, machine=replace(MACHINE, **changes))


def record_of(
    engine: bytes, fingerprint: Fingerprint = FINGERPRINT, built: str = "2026-11-24"
) -> EngineRecord:
    """What would be recorded of these bytes."""
    return EngineRecord(
        fingerprint=fingerprint,
        name="toy",
        bytes=len(engine),
        sha256=digest(engine),
        built=built,
        seconds=12.5,
        peak_mb=900,
        inspection=Inspection(3, 1, 1, (), (), ("frame", "scores", "boxes")),
        warnings=("a warning",),
    )
