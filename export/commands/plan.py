"""Make a quantisation plan for a checkpoint, and say what each tensor and layer costs.

Examples:
  python -m export plan runs/small/last.pt --out plan.json
  python -m export plan runs/small/last.pt --frames 200 --out plan.json
  python -m export plan runs/small/last.pt --read plan.json

Calibrates on frames of the data that the checkpoint was trained on. The cost of a choice is seen at
the network's outputs: what scores and boxes of the same frames lose against float. The file can be
read, edited (a layer's precision, a tensor's scale) and given back to 'export build --plan'.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from export.calibration_inputs import calibration_inputs
from export.float_model import export_float
from export.layout import read_layout
from export.plan import Plan, check_plan, read_plan
from export.planning import make_plan
from training.checkpoint import Checkpoint, read_checkpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("checkpoint", type=Path, help="of 'python -m training train'")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="FILE", help="write the plan here")
    where.add_argument("--read", type=Path, metavar="FILE", help="check and show this one")
    parser.add_argument("--frames", type=int, default=96, help="to calibrate on (default: 96)")


def run(arguments: argparse.Namespace) -> Outcome:
    """Plan or read, print the tables."""
    checkpoint = read_checkpoint(arguments.checkpoint)
    if arguments.read:
        model = export_float(checkpoint.network().folded(), checkpoint.metadata.preprocessing)
        plan = read_plan(arguments.read)
        check_plan(plan, read_layout(model), str(arguments.read))
    else:
        plan = _made(checkpoint, arguments.frames)
        try:
            write_whole(arguments.out, plan.to_json())
        except OSError as error:
            raise UsageError(f"--out {arguments.out}: cannot be written: {error}") from error
    print("\n".join(plan_lines(plan)))
    return Outcome(asdict(plan))


def _made(checkpoint: Checkpoint, frames: int) -> Plan:
    metadata = checkpoint.metadata
    inputs = calibration_inputs(checkpoint, metadata.preprocessing, frames)
    model = export_float(checkpoint.network().folded(), metadata.preprocessing)
    return make_plan(
        model,
        inputs,
        metadata.layout,
        metadata.preprocessing,
        lambda text: print(text, file=sys.stderr),
        metadata.config.tuning.scales if metadata.config.tuning else None,
    )


def plan_lines(plan: Plan) -> list[str]:
    """The plan as tables for a terminal."""
    lines = [f"{'tensor':16} {'step':>9}  {'observer':10}  why"]
    for name, tensor in plan.tensors.items():
        lines.append(f"{name:16} {tensor.scale:9.6f}  {tensor.observer:10}  {tensor.reason}")
    lines += ["", f"{'layer':16} {'':6} {'scores':>8} {'overlap':>8} {'lost':>5} {'new':>5}  why"]
    for name, layer in plan.layers.items():
        cost = layer.cost
        figures = (
            f"{cost.score:8.4f} {cost.overlap:8.4f} {cost.lost:5} {cost.new:5}"
            if cost
            else f"{'not measured':>29}"
        )
        lines.append(f"{name:16} {layer.precision:6} {figures}  {layer.reason}")
    lines += ["", f"equalisation: {plan.equalisation.reason}"]
    for trial in plan.trials:
        cost = trial.cost
        lines.append(
            f"{trial.name:32} scores {cost.score:.4f}, overlap {cost.overlap:.4f}, "
            f"{cost.lost} of {cost.detections} detections lost, {cost.new} new"
        )
    return lines
