"""Build the TensorRT engine of a bundle on this machine, once; later starts load it in a second.

Examples:
  belisha engine build
  belisha engine build my.bundle --level 5
  belisha engine build my.bundle --least-memory 800 --json

The build runs in a process of low priority, the first to be killed when memory runs out. The
engine is kept under a fingerprint of the model, the GPU, TensorRT, the driver, the system's
release and the options; when one of these changes, it is built again. Then it must find on the
golden frames what the exporting machine found, or it is deleted. An engine runs on the kind of
machine that built it and on no other: build it there.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from belisha import champion
from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.cli.engine.progress import PhaseLine
from belisha.detector import Detector
from belisha.engines.nvidia.builder import DEFAULT_OPTIONS, BuildOptions
from belisha.engines.nvidia.building import DEFAULT_LIMITS, BuildLimits
from belisha.engines.nvidia.cache import EngineCache, EngineRecord, Entry, default_folder
from belisha.engines.tensorrt import load_built, open_site, plan_build
from belisha.errors import EXIT_OK, EXIT_REFUSED, EngineNotBuiltError, UsageError
from belisha.golden import GoldenVerdict, check_golden

MAX_LEVEL = 5


@dataclasses.dataclass(frozen=True)
class BuiltEngine:
    """An engine in the cache that was proven on the golden frames.

    Attributes:
        record: what is known of it.
        path: its file.
        is_new: whether it was built now.
        golden: what became of the golden frames.
    """

    record: EngineRecord
    path: Path
    is_new: bool
    golden: tuple[GoldenVerdict, ...]

    @property
    def passed(self) -> bool:
        """Whether it finds what the exporting machine found."""
        return all(verdict.passed for verdict in self.golden)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="BUNDLE",
        help="the bundle (default: the shipped champion)",
    )
    parser.add_argument("--force", action="store_true", help="build though there is one already")
    add_build_options(parser)


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """How to build, and what it may cost."""
    parser.add_argument(
        "--level",
        type=int,
        default=DEFAULT_OPTIONS.level,
        metavar="0-5",
        help="of optimisation: 0 is quick, 5 tries every kernel (default: %(default)s)",
    )
    parser.add_argument(
        "--workspace",
        type=int,
        default=DEFAULT_OPTIONS.workspace_mb,
        metavar="MB",
        help="memory for kernels (default: %(default)s)",
    )
    parser.add_argument(
        "--least-memory",
        type=int,
        default=DEFAULT_LIMITS.least_free_mb,
        metavar="MB",
        help="that must be free to begin (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_LIMITS.timeout_s,
        metavar="S",
        help="after which the build is stopped (default: %(default)g)",
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Build, prove, summarise."""
    bundle = Bundle.open(arguments.path or champion.BUNDLE)
    built = build_and_prove(bundle, arguments, force=arguments.force)
    for label, value in _rows(built):
        print(f"{label:14} {value}")
    document = {
        "engine": str(built.path),
        "is_new": built.is_new,
        "passed": built.passed,
        "record": dataclasses.asdict(built.record),
        "golden": [dataclasses.asdict(verdict) for verdict in built.golden],
    }
    return Outcome(document, EXIT_OK if built.passed else EXIT_REFUSED)


def build_and_prove(bundle: Bundle, arguments: argparse.Namespace, *, force: bool) -> BuiltEngine:
    """The bundle's engine, from the cache or built now; one that fails the golden check is deleted.

    Raises:
        EngineError: it cannot be built or loaded.
        UsageError: an option is out of range.
    """
    cache = EngineCache(default_folder())
    build = plan_build(bundle, _options(arguments), _limits(arguments), cache)
    record = None if force else _cached(cache, build.read)
    is_new = record is None
    if record is None:
        print(f"building for {build.fingerprint.machine.gpu}; this takes minutes", file=sys.stderr)
        with PhaseLine() as line:
            record = build.run(line.show)
    path = cache.path(record.fingerprint)
    with Detector(bundle, load_built(bundle, open_site(), cache, record.fingerprint)) as detector:
        built = BuiltEngine(record, path, is_new, check_golden(detector))
    if not built.passed:
        cache.remove(Entry(path, record))
    return built


def _cached(cache: EngineCache, read: Callable[[], EngineRecord]) -> EngineRecord | None:
    try:
        return read()
    except EngineNotBuiltError as error:
        print(f"{error}", file=sys.stderr)
        return None


def _options(arguments: argparse.Namespace) -> BuildOptions:
    if not 0 <= arguments.level <= MAX_LEVEL:
        raise UsageError(f"expected --level of 0 to {MAX_LEVEL}, got {arguments.level}")
    if arguments.workspace < 1:
        raise UsageError(f"expected --workspace of at least 1 MB, got {arguments.workspace}")
    return BuildOptions(arguments.level, arguments.workspace)


def _limits(arguments: argparse.Namespace) -> BuildLimits:
    if arguments.timeout <= 0 or arguments.least_memory < 0:
        raise UsageError("expected --timeout above 0 and --least-memory of at least 0")
    return BuildLimits(arguments.least_memory, arguments.timeout)


def _rows(built: BuiltEngine) -> list[tuple[str, str]]:
    """What people want to know."""
    record = built.record
    machine = record.fingerprint.machine
    passed = sum(verdict.passed for verdict in built.golden)
    return [
        ("engine", f"{built.path} ({record.bytes / 1e6:.1f} MB)"),
        ("for", f"{machine.gpu}, compute {machine.capability}, TensorRT {machine.tensorrt}"),
        ("built", f"{'now' if built.is_new else record.built}, {record.seconds:.0f} s"),
        ("peak memory", f"{record.peak_mb} MB"),
        *inspection_rows(record),
        ("warnings", f"{len(record.warnings)} of TensorRT"),
        ("golden", f"{passed} of {len(built.golden)} frames as on the exporting machine"),
        *([] if built.passed else [("verdict", "REFUSED and deleted: the CPU goes on serving")]),
    ]


def inspection_rows(record: EngineRecord) -> list[tuple[str, str]]:
    """What became of the convolutions."""
    inspection = record.inspection
    if inspection is None:
        return [("layers", "not inspected")]
    rows = [("INT8", f"{inspection.int8} of {inspection.convolutions} convolutions")]
    for label, names in (("left in FP32", inspection.fp32), ("left in FP16", inspection.fp16)):
        if names:
            rows.append((label, ", ".join(names)))
    return rows
