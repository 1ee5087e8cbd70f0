"""Detectors side by side: who takes part -> take turns -> ratios -> accuracy -> Result."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from belisha.bench.environment import read_environment
from belisha.bench.result import FORMAT, Result, Subject
from belisha.errors import UsageError
from belisha.frames import Image
from benchmarks.accuracy import accuracies
from benchmarks.contender import Contender
from benchmarks.interleave import ROUNDS, interleave, ratios_of
from benchmarks.line_up import Wanted, line_up
from training.data.coco import Dataset


def measure_peers(
    wanted: Wanted,
    frames: Sequence[Image],
    datasets: Sequence[Dataset],
    portion: int,
    settings: dict[str, str],
) -> Result:
    """Measure all who were asked for, in one run.

    Args:
        wanted: who.
        frames: (H, W, 3) uint8 BGR each, for all.
        datasets: for accuracy; may be empty.
        portion: frames of each contender in each of the rounds.
        settings: in words, for the result.

    Raises:
        UsageError: nobody takes part.
        BelishaError: one of our own bundles cannot be used.
    """
    environment = read_environment()
    with (
        tempfile.TemporaryDirectory(prefix="belisha-peers-") as folder,
        line_up(wanted, frames, Path(folder), _say) as line,
    ):
        if not line.contenders:
            reasons = "; ".join(f"{subject.name}: {subject.skipped}" for subject in line.absent)
            raise UsageError(f"expected somebody to measure, got nobody: {reasons}")
        subjects = _take_turns(line.contenders, portion)
        subjects = tuple(
            replace(subject, accuracy=accuracies(contender, datasets))
            for subject, contender in zip(subjects, line.contenders, strict=True)
        )
    ratios = [ratio for other in subjects[1:] for ratio in ratios_of(subjects[0], other)]
    return Result(
        format=FORMAT,
        kind="peers",
        environment=environment,
        settings=settings,
        subjects=(*subjects, *line.absent),
        ratios=tuple(ratios),
    )


def _take_turns(contenders: Sequence[Contender], portion: int) -> tuple[Subject, ...]:
    with tqdm(
        total=ROUNDS * len(contenders), desc="taking turns", unit="portion", disable=None
    ) as bar:

        def on_portion(name: str) -> None:
            bar.set_postfix_str(name)
            bar.update()

        return interleave(contenders, portion, on_portion)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
