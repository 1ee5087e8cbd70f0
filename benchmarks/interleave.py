"""Taking turns: every contender sees the same frames, and the same weather of the machine.

Measured one after another, the last would be measured on a warmer machine than the first. So they
go round and round in short portions, each round begins with another one, and the first frames of
a portion, which find the caches full of the neighbour's weights, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from belisha.bench.comparison import BLOCKS, Ratio, ratio_of
from belisha.bench.distribution import distributions
from belisha.bench.measure import rounded
from belisha.bench.result import Closed, Subject
from belisha.bench.stability import judge
from belisha.bench.turn import NETWORK, TOTAL
from benchmarks.contender import Contender

ROUNDS = BLOCKS
"""A round is a block of the bootstrap."""
SETTLING = 3
"""Frames at the begin of a portion that are left out."""


def interleave(
    contenders: Sequence[Contender],
    portion: int,
    on_portion: Callable[[str], None] = lambda name: None,
) -> tuple[Subject, ...]:
    """Measure contenders in turns.

    Args:
        contenders: at least one.
        portion: frames that count, of each in each of the rounds.
        on_portion: called with the name after each portion.

    Returns:
        Their subjects, in order, each with its closed loop.
    """
    warmed = [contender.warm_up() for contender in contenders]
    stages: list[dict[str, list[float]]] = [{} for _ in contenders]
    for turn in range(ROUNDS):
        for place in range(len(contenders)):
            index = (turn + place) % len(contenders)
            times = contenders[index].run(turn * portion, SETTLING + portion)
            for stage, spent in times.items():
                stages[index].setdefault(stage, []).extend(spent[SETTLING:])
            on_portion(contenders[index].subject.name)
    return tuple(
        replace(
            contender.subject,
            closed=Closed(
                warm_up=warm,
                stages=distributions(times),
                total_ms=rounded(times[TOTAL]),
                infer_ms=rounded(times[NETWORK]),
                stability=judge(times[TOTAL]),
                load=None,
            ),
        )
        for contender, warm, times in zip(contenders, warmed, stages, strict=True)
    )


def ratios_of(first: Subject, second: Subject, *, paired: bool = True) -> tuple[Ratio, ...]:
    """Whole pipeline and network alone, median and p99, of two measured subjects."""
    if first.closed is None or second.closed is None:
        return ()
    series = (
        (TOTAL, first.closed.total_ms, second.closed.total_ms),
        (NETWORK, first.closed.infer_ms, second.closed.infer_ms),
    )
    names = first.label, second.label
    found = [
        ratio_of(mine, theirs, fraction, names=names, what=what, paired=paired)
        for what, mine, theirs in series
        for fraction in (0.5, 0.99)
    ]
    return tuple(ratio for ratio in found if ratio)
