"""Train several recipes with one budget and say what each change is worth.

Examples:
  python -m training ablate training/configs/ablations/rendered_worth.yaml --out runs/rendered-worth
  python -m training ablate training/configs/ablations/rendered_worth.yaml --dry-run

A plan names a base configuration, what all variants change of it (the budget), and the variants:

  base: small.yaml
  change: {minutes: 10}
  variants:
    as it is: {}
    no mosaic: {recipe: {p_mosaic: 0}}

The first variant is what the others are compared with, on the same images. Killed or interrupted,
the same command goes on where it was. Writes ablation.json and report.html beside the variants'
folders.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, SourceError

DOCUMENT, PAGE = "ablation.json", "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("plan", metavar="PLAN.yaml", type=Path, help="base, budget and variants")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/ablation"), help="folder of the runs"
    )
    parser.add_argument("--data", help="folder of the data sets, instead of the configuration's")
    parser.add_argument("--dry-run", action="store_true", help="read and check the plan only")


def run(arguments: argparse.Namespace) -> Outcome:
    """Read, train and evaluate each, tell."""
    os.environ.setdefault("GOMP_SPINCOUNT", "0")  # see training.commands.train
    from dataclasses import replace

    from training.ablation import ablate, outcome_document, read_plan
    from training.ablation_report import text_table
    from training.memory import keep_freed_memory

    configs = read_plan(arguments.plan)
    if arguments.data:
        configs = {name: replace(one, data=arguments.data) for name, one in configs.items()}
    if arguments.dry_run:
        print("\n".join(f"{name}: fine" for name in configs))
        return Outcome({"variants": list(configs)})
    keep_freed_memory()
    outcomes = ablate(configs, arguments.out, lambda text: print(text, file=sys.stderr, flush=True))
    print(text_table(outcomes))
    document = [outcome_document(one) for one in outcomes]
    _write(arguments.out, outcomes, document)
    failed = any(one.failure for one in outcomes)
    return Outcome(document, EXIT_SOME_FAILED if failed else EXIT_OK)


def _write(out: Path, outcomes: list[Any], document: list[dict[str, Any]]) -> None:
    from belisha.bundle import write_whole
    from belisha.report import write_report
    from training.ablation_report import ablation_page

    try:
        write_whole(out / DOCUMENT, json.dumps(document, indent=1, allow_nan=False).encode())
        write_report(out / PAGE, ablation_page(outcomes))
    except OSError as error:
        raise SourceError(f"{out}: cannot be written: {error.strerror}") from error
    print(f"written: {out / DOCUMENT}\nwritten: {out / PAGE}")
