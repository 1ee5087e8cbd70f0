"""The process that builds an engine: low priority, first to be killed, one line of JSON a step.

    python -m belisha.engines.nvidia.worker request.json

A build takes minutes and much memory, and TensorRT may crash; none of that may touch the process
that finds people.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from belisha.documents import parse_json, read_bounded
from belisha.engines.nvidia.builder import BuildOptions, compile_model
from belisha.engines.nvidia.inspection import read_inspection
from belisha.engines.nvidia.library import Library, load_tensorrt, message_log, reasons
from belisha.errors import BelishaError, EngineError

NICENESS = 15
_MAX_REQUEST_BYTES = 100_000
_REPORT_EVERY_S = 0.2


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Attributes:
        library: which TensorRT.
        model, timings: files to read; the second may be absent.
        engine: file to write; timings are written over `timings`.
        options: for the build.
        target: compute capability to compile for without a GPU; TensorRT-RTX only.
    """

    library: Library
    model: str
    timings: str
    engine: str
    options: BuildOptions
    target: str | None = None


class _Reporter:
    """Writes progress, not too often, from whichever thread."""

    def __init__(self) -> None:
        self._told = 0.0
        self._lock = threading.Lock()

    def __call__(self, phase: str, done: int, steps: int) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._told >= _REPORT_EVERY_S:
                self._told = now
                say({"phase": phase, "done": done, "steps": steps})


def say(document: dict[str, Any]) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def main(request_file: str) -> int:
    """Build; the last line is the outcome."""
    _step_back()
    try:
        request = parse_json(
            read_bounded(Path(request_file), _MAX_REQUEST_BYTES), BuildRequest, "the request"
        )
        outcome = _build(request)
    except BelishaError as error:
        say({"error": str(error)})
        return error.exit_code
    say(outcome)
    return 0


def _step_back() -> None:
    """Others go first, for the processor and when memory runs out."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):  # a container may forbid it
        Path("/proc/self/oom_score_adj").write_text("800")


def _build(request: BuildRequest) -> dict[str, Any]:
    trt = load_tensorrt(request.library)
    timings = Path(request.timings)
    begun = time.monotonic()
    compiled = compile_model(
        trt,
        Path(request.model).read_bytes(),
        request.options,
        timings=timings.read_bytes() if timings.exists() else b"",
        on_phase=_Reporter(),
        target=request.target,
    )
    seconds = time.monotonic() - begun
    Path(request.engine).write_bytes(compiled.engine)
    timings.write_bytes(compiled.timings)
    inspection = None if request.target else read_inspection(_inspect(trt, compiled.engine))
    return {
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "inspection": None if inspection is None else asdict(inspection),
        "warnings": list(compiled.warnings),
        "details": compiled.details,
    }


def _inspect(trt: Any, serialised: bytes) -> str:
    """The inspector's report; it needs the GPU."""
    log = message_log(trt)
    runtime = trt.Runtime(log)
    engine = runtime.deserialize_cuda_engine(serialised)
    if engine is None:
        raise EngineError(f"TensorRT cannot load the engine that it has just built: {reasons(log)}")
    inspector = engine.create_engine_inspector()
    return str(inspector.get_engine_information(trt.LayerInformationFormat.JSON))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
