"""Prove a rules file: every rule can apply, none contradicts another, every name exists.

Examples:
  belisha rules check rules.yaml
  belisha rules check releases/*/rules.yaml
  belisha rules check rules.yaml --strict --json

Finds, each with its line: rules that can never apply because earlier ones cover them or because
they contradict themselves; bundles that the rule's customers or regions may not use; alternatives
that never hold; rules, bundles and zones that change nothing. The proof is exact: all situations
that the file can tell apart are looked at, absent signals included.

Exit code 2 if a file is wrong or has errors; with --strict also if it has warnings.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_USAGE, ConfigError
from belisha.service.rules.check import Finding, check
from belisha.service.rules.rulebook import Rules


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", nargs="+", type=Path, metavar="RULES.yaml", help="what to check")
    parser.add_argument("--strict", action="store_true", help="warnings fail as well")


def run(arguments: argparse.Namespace) -> Outcome:
    """Check each file, print a line a finding."""
    documents, failed = [], False
    for path in arguments.file:
        document = _check(path)
        documents.append(document)
        failed = failed or bool(document["errors"] or (arguments.strict and document["warnings"]))
    return Outcome({"files": documents, "passed": not failed}, EXIT_USAGE if failed else EXIT_OK)


def _check(path: Path) -> dict[str, Any]:
    """The findings of one file, printed; a file that cannot be read is one error."""
    try:
        rules = Rules.open(path)
        findings = check(rules)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return {"file": str(path), "errors": 1, "warnings": 0, "message": str(error)}
    for finding in findings:
        print(f"{path}:{finding.line}: {finding.level}: {finding.message}")
    errors, warnings = (_count(findings, level) for level in ("error", "warning"))
    print(f"{path}: {len(rules.compiled)} rules: {errors} errors, {warnings} warnings")
    return {
        "file": str(path),
        "rules": len(rules.compiled),
        "errors": errors,
        "warnings": warnings,
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }


def _count(findings: tuple[Finding, ...], level: str) -> int:
    return sum(finding.level == level for finding in findings)
