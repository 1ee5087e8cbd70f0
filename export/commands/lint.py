"""Check both INT8 flavours of a bundle against the rules of their engines.

Examples:
  python -m export lint small.bundle
  python -m export lint small.bundle --json

One line per broken rule and node; exit code 3 if there is one. Then how many convolutions of the
CPU flavour multiply integers.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import onnx

from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_REFUSED, UsageError
from export.layer_work import integer_share
from export.lint_cpu import lint_cpu
from export.lint_tensorrt import lint_tensorrt
from export.plan import parse_plan

PLAN = "plan.json"
LINTS = {"int8_tensorrt": lint_tensorrt, "int8_cpu": lint_cpu}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")


def run(arguments: argparse.Namespace) -> Outcome:
    """Check, print."""
    bundle = Bundle.open(arguments.bundle)
    if PLAN not in bundle.manifest.files:
        raise UsageError(f"{bundle.path}: expected a quantisation plan, there is none")
    plan = parse_plan(bundle.read(PLAN), f"{bundle.path}: {PLAN}")
    findings: list[dict[str, str]] = []
    for flavour, path in bundle.manifest.models.items():
        if flavour in LINTS:
            found = LINTS[flavour](onnx.load_model_from_string(bundle.read(path)), plan)
            print("\n".join(f"{flavour}: {finding}" for finding in found) or f"{flavour}: clean")
            findings += [{"flavour": flavour, **finding.json()} for finding in found]
    share = (
        integer_share(bundle.model("int8_cpu")) if "int8_cpu" in bundle.manifest.models else None
    )
    if share:
        print(f"int8_cpu: {share}")
    document = {"findings": findings, "int8_cpu": asdict(share) if share else None}
    return Outcome(document, EXIT_REFUSED if findings else EXIT_OK)
