"""From the start of a process to its first decision, in processes of its own; and its memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import belisha
from belisha.documents import parse_json
from belisha.errors import EngineError

_TIMEOUT_S = 600


@dataclass(frozen=True)
class ColdStart:
    """Medians over the starts, and what memory the process came to hold.

    The files were read before, so they come from the system's cache: after a reboot it takes
    longer.

    Attributes:
        starts: how many processes.
        first_decision_ms: from the call that starts the process to its first boxes.
        fastest_ms, slowest_ms: of the same.
        import_ms: of this, until Python and the libraries are there.
        open_ms: of this, the bundle's check and the model's loading.
        first_frame_ms: of this, the first frame itself.
        resident_mb: memory after fifty frames, in millions of bytes; `None` if not readable.
        peak_mb: the most it ever held.
    """

    starts: int
    first_decision_ms: float
    fastest_ms: float
    slowest_ms: float
    import_ms: float
    open_ms: float
    first_frame_ms: float
    resident_mb: float | None
    peak_mb: float | None


@dataclass(frozen=True)
class _Start:
    """What one process told; seconds are on the system's one monotonic clock."""

    imported_s: float
    opened_s: float
    decided_s: float
    first_frame_ms: float
    resident_mb: float | None
    peak_mb: float | None


def measure_cold_start(
    bundle: Path,
    frame_size: tuple[int, int],
    *,
    threads: int | None = None,
    engine: str | None = None,
    starts: int = 5,
) -> ColdStart:
    """Start processes one after another and let each decide.

    Args:
        bundle: the detector.
        frame_size: width and height in pixels.
        threads: see `belisha.detector.Detector.open`.
        engine: likewise.
        starts: how many, at least 1.

    Raises:
        EngineError: a process failed; the message says how.
    """
    runs = [_start(bundle, frame_size, threads, engine) for _ in range(starts)]
    decisions = [(run.decided_s - begun) * 1e3 for begun, run in runs]

    def median(values: list[float]) -> float:
        return round(statistics.median(values), 2)

    residents = [run.resident_mb for _, run in runs if run.resident_mb is not None]
    peaks = [run.peak_mb for _, run in runs if run.peak_mb is not None]
    return ColdStart(
        starts=starts,
        first_decision_ms=median(decisions),
        fastest_ms=round(min(decisions), 2),
        slowest_ms=round(max(decisions), 2),
        import_ms=median([(run.imported_s - begun) * 1e3 for begun, run in runs]),
        open_ms=median([(run.opened_s - run.imported_s) * 1e3 for _, run in runs]),
        first_frame_ms=median([run.first_frame_ms for _, run in runs]),
        resident_mb=median(residents) if residents else None,
        peak_mb=max(peaks, default=None),
    )


def _start(
    bundle: Path, frame_size: tuple[int, int], threads: int | None, engine: str | None
) -> tuple[float, _Start]:
    """When a process was started, and what it told."""
    module = "belisha.bench.first_decision"
    words = [str(bundle), *map(str, frame_size), str(threads or ""), engine or ""]
    paths = [str(Path(belisha.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", module, *words]
    begun = time.perf_counter()
    try:
        done = subprocess.run(  # noqa: S603  # our own module, no shell
            command, capture_output=True, timeout=_TIMEOUT_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{bundle}: no first decision within {_TIMEOUT_S} s") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise EngineError(f"{bundle}: the process for the cold start failed: {last}")
    return begun, parse_json(done.stdout, _Start, "cold start")
