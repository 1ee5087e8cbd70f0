"""Builds an engine in a process of its own and keeps it in the cache. The one way to an engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from belisha.documents import convert, load_json
from belisha.engines.nvidia.board import free_megabytes
from belisha.engines.nvidia.builder import OnPhase
from belisha.engines.nvidia.cache import EngineCache, EngineRecord
from belisha.engines.nvidia.fingerprint import Fingerprint
from belisha.engines.nvidia.inspection import Inspection
from belisha.engines.nvidia.library import Library
from belisha.engines.nvidia.worker import BuildRequest
from belisha.errors import ConfigError, EngineError
from belisha.manifest import digest

LEAST_FREE_MB = 1500
"""Memory that must be free before a build begins: a guess, never measured on a board."""
TIMEOUT_S = 3600.0
_MAX_LINE = 4 << 20
_MAX_COMPLAINT = 2000


@dataclass(frozen=True)
class BuildLimits:
    """What a build may cost.

    Attributes:
        least_free_mb: memory that must be free when it begins, in MB of 2^20 bytes.
        timeout_s: after which it is stopped.
    """

    least_free_mb: int = LEAST_FREE_MB
    timeout_s: float = TIMEOUT_S


DEFAULT_LIMITS = BuildLimits()


class BuildStoppedError(EngineError):
    """The build was stopped by whoever wanted it."""


class Build:
    """One build; `stop` may be called from another thread."""

    def __init__(
        self,
        model: bytes,
        name: str,
        fingerprint: Fingerprint,
        cache: EngineCache,
        limits: BuildLimits = DEFAULT_LIMITS,
        library: Library = "tensorrt",
        target: str | None = None,
    ) -> None:
        """Set up; nothing is done yet.

        Args:
            model: the ONNX file.
            name: of the detector, for people.
            fingerprint: of the model, this machine and the options.
            cache: where the engine goes.
            limits: what it may cost.
            library: which TensorRT.
            target: compute capability to compile for where the GPU is not here; TensorRT-RTX only.
        """
        self._model, self._name, self._fingerprint = model, name, fingerprint
        self._cache, self._limits = cache, limits
        self._library, self._target = library, target
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        self.details = ""

    def run(self, on_phase: OnPhase = lambda phase, done, steps: None) -> EngineRecord:
        """Build and store; returns what came of it.

        Raises:
            BuildStoppedError: `stop` was called.
            EngineError: too little memory, too slow, refused, crashed; nothing is stored.
        """
        check_memory(self._limits.least_free_mb)
        with tempfile.TemporaryDirectory(prefix="belisha-build-") as scratch:
            request = self._prepare(Path(scratch))
            outcome = self._watch(Path(scratch), on_phase)
            engine = Path(request.engine).read_bytes()
            record = self._record(outcome, engine)
            self._cache.store(engine, record)
            self._cache.store_timings(self._fingerprint.machine, Path(request.timings).read_bytes())
        return record

    @property
    def fingerprint(self) -> Fingerprint:
        """Of what it builds."""
        return self._fingerprint

    def read(self) -> EngineRecord:
        """The record of the engine if it was built before.

        Raises:
            EngineNotBuiltError: it was not, or is damaged.
        """
        return self._cache.read(self._fingerprint)[1]

    def stop(self) -> None:
        """End the build; twice is fine, before it began as well."""
        self._stopped.set()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _prepare(self, scratch: Path) -> BuildRequest:
        request = BuildRequest(
            library=self._library,
            model=str(scratch / "model.onnx"),
            timings=str(scratch / "timings"),
            engine=str(scratch / "engine"),
            options=self._fingerprint.options,
            target=self._target,
        )
        Path(request.model).write_bytes(self._model)
        Path(request.timings).write_bytes(self._cache.timings(self._fingerprint.machine))
        (scratch / "request.json").write_text(json.dumps(asdict(request)))
        return request

    def _watch(self, scratch: Path, on_phase: OnPhase) -> dict[str, Any]:
        """Run the process to its end; its last line is the outcome."""
        last: dict[str, Any] = {}
        with (scratch / "stderr").open("w+b") as complaints:
            with self._started(scratch / "request.json", complaints) as process:
                for line in _lines(process):
                    last = line
                    if "phase" in line:
                        on_phase(str(line["phase"]), int(line["done"]), int(line["steps"]))
            if self._stopped.is_set():
                raise BuildStoppedError("the build was stopped")
            if process.returncode or "seconds" not in last:
                raise EngineError(_failure(process.returncode, last, complaints, self._limits))
        return last

    @contextmanager
    def _started(self, request: Path, stderr: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        """The worker, killed after its time or when we leave early."""
        folder = str(Path(__file__).parents[3])  # where `belisha` is, installed or not
        path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "belisha.engines.nvidia.worker", str(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._process = process
        timer = threading.Timer(self._limits.timeout_s, process.kill)
        timer.daemon = True
        timer.start()
        try:
            if self._stopped.is_set():
                process.kill()
            yield process
        finally:
            timer.cancel()
            if process.poll() is None and sys.exc_info()[0] is not None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _record(self, outcome: dict[str, Any], engine: bytes) -> EngineRecord:
        self.details = str(outcome.get("details", ""))
        try:
            inspection = convert(outcome["inspection"], Inspection | None, "the worker's answer")  # type: ignore[arg-type]
        except ConfigError as error:
            raise EngineError(str(error)) from error
        return EngineRecord(
            fingerprint=self._fingerprint,
            name=self._name,
            bytes=len(engine),
            sha256=digest(engine),
            built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            seconds=round(float(outcome["seconds"]), 2),
            peak_mb=int(outcome["peak_mb"]),
            inspection=inspection,
            warnings=tuple(map(str, outcome["warnings"])),
        )


def check_memory(least_free_mb: int, free: Callable[[], int | None] = free_megabytes) -> None:
    """Refuse to begin what would end with a killed process.

    Raises:
        EngineError: less memory is free than a build needs.
    """
    available = free()
    if available is not None and available < least_free_mb:
        raise EngineError(
            f"expected {least_free_mb} MB of free memory to build an engine, got {available}: stop "
            "other programs, add swap, or give --least-memory"
        )


def _lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """What the worker says; TensorRT's own chatter on stdout is passed over."""
    while process.stdout and (line := process.stdout.readline(_MAX_LINE)):
        try:
            document = load_json(line, "the worker's line")
        except ConfigError:
            continue
        if isinstance(document, dict):
            yield document


def _failure(code: int, last: dict[str, Any], complaints: IO[bytes], limits: BuildLimits) -> str:
    """Why there is no engine."""
    if "error" in last:
        return str(last["error"])
    complaints.seek(0, os.SEEK_END)
    complaints.seek(max(complaints.tell() - _MAX_COMPLAINT, 0))
    words = " ".join(complaints.read().decode(errors="replace").split())
    if code == -signal.SIGKILL:
        return (
            f"the build was killed: memory ran out, or it took more than {limits.timeout_s:g} s: "
            "stop other programs, add swap, or allow more time"
        )
    return f"the build ended with code {code}: {words or 'it said nothing'}"
