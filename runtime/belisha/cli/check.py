"""Prove that a bundle works on this machine.

Examples:
  belisha check
  belisha check my.bundle
  belisha check my.bundle --engine onnxruntime --json

Verifies every digest, loads the model, runs the golden frames that travel in the bundle, and
compares the detections with those of the machine that exported it.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.errors import EXIT_OK, EXIT_REFUSED
from belisha.golden import GoldenVerdict, check_golden


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="BUNDLE",
        help="the bundle to check (default: the shipped champion)",
    )
    add_detector_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Check, print a line a frame."""
    arguments.bundle = arguments.path or arguments.bundle
    with open_detector(arguments) as detector:
        verdicts = check_golden(detector)
        info = detector.info
    print(f"{info.bundle}: {info.name}, all digests match")
    print(f"engine: {info.engine.library}, {info.engine.device}, flavour {info.engine.flavour}")
    if info.engine.arithmetic:
        print(f"arithmetic: {info.engine.arithmetic}")
    for verdict in verdicts:
        print(_line(verdict))
    if not verdicts:
        print("no golden frames in this bundle: it loads, but its detections were not compared")
    passed = all(verdict.passed for verdict in verdicts)
    print("passed" if passed else "FAILED: this machine does not find what the exporter found")
    document = {
        "passed": passed,
        "detector": dataclasses.asdict(info),
        "golden": [dataclasses.asdict(verdict) for verdict in verdicts],
    }
    return Outcome(document, EXIT_OK if passed else EXIT_REFUSED)


def _line(verdict: GoldenVerdict) -> str:
    return (
        f"{'ok  ' if verdict.passed else 'FAIL'} {verdict.file} ({verdict.origin}): "
        f"{verdict.expected} expected, {verdict.missing} missing, {verdict.unexpected} unexpected, "
        f"overlap at least {verdict.worst_iou:.3f}, "
        f"scores within {verdict.worst_score_difference:.4f}"
    )
