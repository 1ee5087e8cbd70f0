"""Train a detector from a configuration file.

A first run on one's own machine, two minutes long:

    python -m training train training/configs/smoke.yaml --out runs/smoke

A recipe for in-car pictures; killed or interrupted, the same command goes on where it was:

    python -m training train training/configs/small.yaml --out runs/small

Two processes that share every batch:

    torchrun --nproc-per-node 2 -m training train training/configs/small.yaml --out runs/small

The folder then holds last.pt (to go on, or to export), best.pt (best on the validation data),
history.jsonl (a line per epoch) and history.png.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from belisha.cli.dispatch import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("config", metavar="CONFIG.yaml", type=Path, help="what to train, and how")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--data", help="folder of the data sets, instead of the configuration's")


def run(arguments: argparse.Namespace) -> Outcome:
    """Train to the end."""
    # Threads that wait for work must not spin: on a busy machine that costs most of the speed.
    # OpenMP reads this once, when torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    from dataclasses import replace

    from belisha.documents import read_yaml
    from training.config import Config, checked
    from training.memory import keep_freed_memory
    from training.ranks import joined_ranks
    from training.train import train

    config = checked(read_yaml(arguments.config, Config), str(arguments.config))
    if arguments.data:
        config = replace(config, data=arguments.data)
    keep_freed_memory()
    with joined_ranks() as ranks:
        summary = train(config, arguments.out, ranks)
    progress = summary.progress
    print(
        f"{progress.step} steps, {progress.examples} examples in {progress.seconds / 60:.1f} "
        f"minutes, {summary.images_per_second:.1f} images/s; AP50 "
        + ", ".join(f"{name} {value:.3f}" for name, value in summary.figures.items())
        + f"; {summary.checkpoint}"
    )
    return Outcome(asdict(summary))
