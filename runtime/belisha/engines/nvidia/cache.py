"""Engines that were built on this machine, each under its fingerprint.

An engine is two files: NAME.engine, and NAME.json, the record, written last. Without a record that
fits, an engine does not exist; and nothing of it reaches TensorRT before its length and its digest
are what the record says, for TensorRT trusts what it is given.
"""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from belisha.bundle import write_whole
from belisha.documents import parse_json, read_bounded
from belisha.engines.nvidia.fingerprint import Fingerprint, Machine
from belisha.engines.nvidia.inspection import Inspection
from belisha.errors import ConfigError, EngineError, EngineNotBuiltError, UsageError
from belisha.manifest import digest

FOLDER_VARIABLES = ("BELISHA_CACHE", "CACHE_DIRECTORY")
"""Where the cache is; the second is set by systemd."""
MAX_ENGINE_BYTES = 1 << 30
MAX_ENGINES = 8
"""That are kept; a device needs those of its two slots and of a challenger."""
_MAX_RECORD_BYTES = 1_000_000
_MAX_TIMINGS_BYTES = 64 << 20


@dataclass(frozen=True)
class EngineRecord:
    """What is known of an engine in the cache.

    Attributes:
        fingerprint: what it depends on.
        name: of the detector, for people.
        bytes, sha256: of the engine.
        built: when, UTC, for people.
        seconds: that the build took.
        peak_mb: most memory of the building process, in MB of 2^20 bytes.
        inspection: what became of the layers, where TensorRT could tell.
        warnings: what TensorRT said.
    """

    fingerprint: Fingerprint
    name: str
    bytes: int
    sha256: str
    built: str
    seconds: float
    peak_mb: int
    inspection: Inspection | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A file in the cache: the record, or what is wrong with it."""

    path: Path
    record: EngineRecord | None
    problem: str = ""


class EngineCache:
    """A folder of engines; it is made when the first is stored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, fingerprint: Fingerprint) -> tuple[bytes, EngineRecord]:
        """The engine with exactly this fingerprint.

        Raises:
            EngineNotBuiltError: there is none, or it is damaged; the message says which.
            EngineError: others may write into the folder.
        """
        path = self.path(fingerprint)
        if not path.exists():
            raise EngineNotBuiltError(f"no engine for this model and machine in {self.folder}")
        self._check_owner()
        record = self._record(path)
        if record.fingerprint != fingerprint:
            differences = "; ".join(record.fingerprint.differences(fingerprint))
            raise EngineNotBuiltError(f"{path}: made for something else: {differences}")
        return self._verified(path, record), record

    def newest(self, fingerprint: Fingerprint) -> Fingerprint:
        """Of the engine that was built last for this model and machine, with whatever options.

        The fingerprint itself comes back if there is none.
        """
        records = [entry.record for entry in self.entries(verify=False) if entry.record]
        fitting = [
            record
            for record in records
            if replace(record.fingerprint, options=fingerprint.options) == fingerprint
        ]
        newest = max(fitting, key=lambda record: record.built, default=None)
        return newest.fingerprint if newest else fingerprint

    def store(self, engine: bytes, record: EngineRecord) -> Path:
        """Keep an engine; the record, written last, makes it valid. The oldest make room.

        Raises:
            EngineError: the folder cannot be written.
        """
        path = self.path(record.fingerprint)
        text = json.dumps(dataclasses.asdict(record), indent=1, sort_keys=True)
        try:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
            write_whole(path, engine)
            write_whole(path.with_suffix(".json"), text.encode())
            self._make_room()
        except OSError as error:
            raise EngineError(
                f"{self.folder}: cannot be written: {error.strerror or error}"
            ) from error
        return path

    def entries(self, *, verify: bool = True) -> list[Entry]:
        """All engines, by name; also the damaged ones, with what is wrong.

        Args:
            verify: whether to read the engines, and not only what is recorded of them.
        """
        return [self._entry(path, verify) for path in sorted(self.folder.glob("*.engine"))]

    def remove(self, entry: Entry) -> None:
        """Delete an engine, its record first."""
        try:
            entry.path.with_suffix(".json").unlink(missing_ok=True)
            entry.path.unlink(missing_ok=True)
        except OSError as error:
            raise EngineError(f"{entry.path}: cannot be deleted: {error.strerror}") from error

    def timings(self, machine: Machine) -> bytes:
        """Kernels' timings of earlier builds on this machine; empty if there are none."""
        try:
            return read_bounded(self._timings(machine), _MAX_TIMINGS_BYTES)
        except ConfigError:
            return b""

    def store_timings(self, machine: Machine, timings: bytes) -> None:
        """Keep timings for the next build."""
        try:
            write_whole(self._timings(machine), timings)
        except OSError as error:
            raise EngineError(f"{self.folder}: cannot be written: {error.strerror}") from error

    def _make_room(self) -> None:
        """Weekly updates bring new engines, and none is asked for after a few of them."""
        engines = sorted(self.folder.glob("*.engine"), key=lambda path: path.stat().st_mtime)
        for path in engines[:-MAX_ENGINES]:
            self.remove(Entry(path, None))

    def path(self, fingerprint: Fingerprint) -> Path:
        """Where the engine with this fingerprint is or would be."""
        return self.folder / f"{fingerprint.digest}.engine"

    def _timings(self, machine: Machine) -> Path:
        return self.folder / f"{machine.digest}.timings"

    def _entry(self, path: Path, verify: bool) -> Entry:
        try:
            record = self._record(path)
            if verify:
                self._verified(path, record)
        except EngineError as error:
            return Entry(path, None, str(error))
        return Entry(path, record)

    def _record(self, path: Path) -> EngineRecord:
        record = path.with_suffix(".json")
        try:
            return parse_json(read_bounded(record, _MAX_RECORD_BYTES), EngineRecord, str(record))
        except ConfigError as error:
            raise EngineNotBuiltError(
                f"{path}: expected a record of it beside it: {error}"
            ) from error

    def _verified(self, path: Path, record: EngineRecord) -> bytes:
        """The engine's bytes, their length and digest as recorded."""
        try:
            length = path.stat().st_size
            if length != record.bytes or length > MAX_ENGINE_BYTES:
                raise EngineNotBuiltError(
                    f"{path}: expected {record.bytes} bytes, got {length}: damaged"
                )
            engine = read_bounded(path, MAX_ENGINE_BYTES)
        except (OSError, ConfigError) as error:
            raise EngineNotBuiltError(f"{path}: cannot be read: {error}") from error
        if digest(engine) != record.sha256:
            raise EngineNotBuiltError(f"{path}: its sha256 is not what the record says: damaged")
        return engine

    def _check_owner(self) -> None:
        """An engine can do what it likes with this process, so nobody else may have put it here."""
        status = self.folder.stat()
        if status.st_mode & stat.S_IWOTH or status.st_uid not in (0, os.getuid()):
            raise EngineError(
                f"{self.folder}: expected a folder that only its owner can write: others could "
                f"have put engines there; chown it and chmod o-w, or set {FOLDER_VARIABLES[0]}"
            )


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where engines are kept: what a variable says, else the user's cache.

    Raises:
        UsageError: there is no home folder.
    """
    for variable in FOLDER_VARIABLES:
        if folder := environment.get(variable, "").partition(":")[0]:
            return Path(folder) / "engines"
    base = environment.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "belisha" / "engines"
    except RuntimeError as error:
        raise UsageError(f"no home folder to keep engines in: set {FOLDER_VARIABLES[0]}") from error
