"""Prove TensorRT on this machine: build, inspect, compare detections, measure; one verdict.

Examples:
  belisha engine verify
  belisha engine verify my.bundle --seconds 5 --out verdict.json
  belisha engine verify my.bundle --json

Checks, in this order: the driver and the libraries; the engine, built if it is not there; that its
convolutions are INT8, as TensorRT's inspector tells; that the golden frames give what the exporting
machine found. Then the latency is measured, of this engine and of the CPU, back to back and at a
camera's pace; it is a figure and decides nothing. The exit code is 0 if all checks passed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belisha import champion
from belisha.bench.environment import read_environment
from belisha.bench.frame_source import frames_at_hand
from belisha.bench.measure import Plan, measure, seconds_for_p99
from belisha.bench.result import FORMAT, Result, Subject
from belisha.bench.words import STAGE_COLUMNS, as_text, doubts, stage_rows
from belisha.bundle import Bundle, write_whole
from belisha.cli.dispatch import Outcome
from belisha.cli.engine.build import BuiltEngine, add_build_options, build_and_prove
from belisha.detector import Detector
from belisha.engines.tensorrt import open_site
from belisha.errors import EXIT_OK, EXIT_REFUSED, BelishaError, SourceError

RATE_HZ = 30.0
ENGINES = ("tensorrt", "onnxruntime")
_MARKS = {True: "ok  ", False: "FAIL", None: "-   "}


@dataclass(frozen=True)
class Check:
    """One question, and its answer in words; `passed` is nothing where it was not asked."""

    name: str
    passed: bool | None
    words: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="BUNDLE",
        help="the bundle (default: the shipped champion)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=seconds_for_p99(RATE_HZ),
        metavar="S",
        help="of each latency loop; 0: none (default: %(default)g, as long as p99 needs)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the document as JSON")
    add_build_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Check, measure, say the verdict."""
    bundle = Bundle.open(arguments.path or champion.BUNDLE)
    checks: list[Check] = []
    built = _check_all(bundle, arguments, checks)
    passed = all(check.passed for check in checks)
    for check in checks:
        print(f"{_MARKS[check.passed]} {check.name}: {check.words}")
    latency = _latency(bundle, arguments.seconds) if passed and arguments.seconds > 0 else None
    verdict = "PASSED" if passed else "FAILED"
    print(f"{verdict}: TensorRT on this machine" + ("" if passed else "; the CPU serves instead"))
    document = {
        "verdict": verdict.lower(),
        "bundle": bundle.digest,
        "checks": [dataclasses.asdict(check) for check in checks],
        "engine": dataclasses.asdict(built.record) if built else None,
        "latency": latency,
    }
    if arguments.out:
        _write(arguments.out, document)
    return Outcome(document, EXIT_OK if passed else EXIT_REFUSED)


def _check_all(
    bundle: Bundle, arguments: argparse.Namespace, checks: list[Check]
) -> BuiltEngine | None:
    """Ask each question; what depends on a failed one is not asked."""
    found: list[BuiltEngine] = []

    def machine() -> tuple[bool, str]:
        site = open_site()
        zero_copy = "zero copy" if site.device.zero_copy else "page-locked copies"
        return True, (
            f"{site.device.name}, compute {site.device.capability}, CUDA {site.device.cuda}, "
            f"TensorRT {site.trt.__version__}, {zero_copy}"
        )

    def engine() -> tuple[bool, str]:
        built = build_and_prove(bundle, arguments, force=False)
        found.append(built)
        record = built.record
        when = "built now" if built.is_new else f"built {record.built}"
        return True, f"{when} in {record.seconds:.0f} s, at most {record.peak_mb} MB"

    def inspector() -> tuple[bool, str]:
        inspection = found[0].record.inspection
        if inspection is None:
            return False, "TensorRT did not describe the engine"
        left = ", ".join((*inspection.fp32, *inspection.fp16)) or "none"
        words = (
            f"{inspection.int8} of {inspection.convolutions} convolutions INT8; in float: {left}"
        )
        return inspection.int8 > 0, words

    def golden() -> tuple[bool, str]:
        verdicts = found[0].golden
        passed = sum(verdict.passed for verdict in verdicts)
        words = f"{passed} of {len(verdicts)} frames as on the exporting machine"
        return found[0].passed and bool(verdicts), words

    for ask in (machine, engine, inspector, golden):
        checks.append(_ask(ask, checks))
    return found[0] if found else None


def _ask(question: Callable[[], tuple[bool, str]], before: list[Check]) -> Check:
    name = question.__name__
    if any(check.passed is not True for check in before[:2]):
        return Check(name, None, "not asked")
    try:
        passed, words = question()
    except BelishaError as error:
        return Check(name, False, str(error))
    return Check(name, passed, words)


def _latency(bundle: Bundle, seconds: float) -> Mapping[str, object]:
    """Of TensorRT and of the CPU, through the house's one timer."""
    frames, origin = frames_at_hand([])
    plan = Plan(seconds=seconds, rate_hz=RATE_HZ, deadline_ms=1e3 / RATE_HZ, cold_starts=0)
    subjects: list[Subject] = []
    for name in ENGINES:
        with Detector.open(bundle.path, engine=name) as detector:
            subjects.append(
                measure(detector, frames, plan, lambda text: print(text, file=sys.stderr))
            )
        _print_latency(subjects[-1])
    settings = {"frames": origin, "each loop": f"{seconds:g} s"}
    result = Result(
        format=FORMAT,
        kind="bench",
        environment=read_environment(),
        settings=settings,
        subjects=tuple(subjects),
        warnings=(),
    )
    return result.to_document()


def _print_latency(subject: Subject) -> None:
    print(f"\n{subject.engine}")
    if subject.paced:
        print("at a camera's pace, ms:")
        print(as_text(STAGE_COLUMNS, stage_rows(subject.paced.stages)))
    for reason in doubts(subject):
        print(f"INCONCLUSIVE: {reason}")


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        write_whole(path, json.dumps(document, indent=1).encode() + b"\n")
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror}") from error
    print(f"written: {path}")
