"""Fine-tune a checkpoint with its quantisation in the network, where INT8 costs too much.

Examples:
  python -m export tune runs/small/last.pt --out runs/small-tuned
  python -m export tune runs/small/last.pt --plan plan.json --steps 500 --out runs/small-tuned
  python -m export tune runs/small/last.pt --always --rate 5e-5 --out runs/small-tuned
  python -m export build runs/small-tuned/last.pt --out small.bundle

Measures first what the plan's integers cost in AP50 on the checkpoint's validation data. Where that
is half a point or less, nothing is done, unless --always. Otherwise training goes on with the same
data, the network computing with the very integers that the INT8 flavours use. Killed or
interrupted, the same command goes on where it was. What comes out is a checkpoint like any other,
which remembers its scales: 'export build' uses them.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("checkpoint", type=Path, help="of 'python -m training train'")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="of the run")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="use this plan (default: a new)")
    parser.add_argument("--frames", type=int, default=96, help="to plan on (default: 96)")
    parser.add_argument("--steps", type=int, default=1000, help="of tuning (default: 1000)")
    parser.add_argument("--batch", type=int, default=16, help="frames a step (default: 16)")
    parser.add_argument("--rate", type=float, default=1e-4, help="of learning (default: 1e-4)")
    parser.add_argument("--always", action="store_true", help="tune even where little is lost")
    parser.add_argument("--data", metavar="FOLDER", help="of the data sets (default: as trained)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Tune, summarise."""
    os.environ.setdefault("GOMP_SPINCOUNT", "0")  # as in 'python -m training train'
    from export.tune import Request, tune

    if arguments.steps < 1 or arguments.batch < 1 or not 0 < arguments.rate < 1:
        raise UsageError(
            f"expected steps and a batch from 1 on and a rate between 0 and 1, got "
            f"{arguments.steps}, {arguments.batch} and {arguments.rate}"
        )
    request = Request(
        checkpoint=arguments.checkpoint,
        plan=arguments.plan,
        frames=arguments.frames,
        steps=arguments.steps,
        batch=arguments.batch,
        rate=arguments.rate,
        always=arguments.always,
        data=arguments.data,
    )
    tuned = tune(request, arguments.out, lambda text: print(text, file=sys.stderr))
    after = tuned.summary.figures if tuned.summary else {}
    for name, (real, whole) in tuned.before.items():
        now = f", tuned {after[name]:.3f}" if name in after else ""
        print(f"{name}: AP50 {real:.3f} in float, {whole:.3f} in integers{now}")
    if tuned.summary is None:
        print(f"not tuned: INT8 costs {100 * tuned.loss:.2f} points of AP50; --always does it")
    else:
        print(f"next: python -m export build {tuned.summary.checkpoint} --out X.bundle")
    return Outcome(
        {
            "before": {name: list(pair) for name, pair in tuned.before.items()},
            "loss": tuned.loss,
            "run": asdict(tuned.summary) if tuned.summary else None,
        }
    )
