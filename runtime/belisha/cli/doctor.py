"""What is wrong with this device, and what to do about it.

Examples:
  belisha doctor
  belisha doctor --config car.yaml
  sudo belisha doctor --json > doctor.json

Looks at configuration, camera, engine, golden frames, power, heat, disk, clock, permissions and
versions. Nothing is changed. The exit code is 1 if something keeps people from being found.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.doctor.examination import CONFIG, examine
from belisha.doctor.finding import Finding, worst
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, UsageError

_MARKS = {"ok": "ok  ", "note": "note", "trouble": "FAIL"}
_LAST_WORDS = {
    "ok": "all is well",
    "note": "it works; see the notes",
    "trouble": "something needs you",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE.yaml", help=f"(default: {CONFIG}, where there is one)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Examine, print each finding as it comes."""
    config: Path | None = arguments.config
    if config is None:
        config = CONFIG if CONFIG.exists() else None
    elif not config.exists():
        raise UsageError(f"{config}: no such file")
    findings: list[Finding] = []
    for finding in examine(config):
        findings.append(finding)
        print(f"{_MARKS[finding.state]} {finding.about:14} {finding.text}", flush=True)
        if finding.advice:
            print(f"{'':20}-> {finding.advice}", flush=True)
    state = worst(tuple(findings))
    print(_LAST_WORDS[state])
    document = {"state": state, "findings": [dataclasses.asdict(one) for one in findings]}
    return Outcome(document, EXIT_SOME_FAILED if state == "trouble" else EXIT_OK)
