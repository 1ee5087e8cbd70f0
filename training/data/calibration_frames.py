"""Frames that quantisation is calibrated on: of the training data only, and of every condition."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from belisha.errors import DatasetError, UsageError
from training.data.groups import sequence_of
from training.data.records import Record
from training.data.split import TRAIN
from training.data.strata import SPREAD


def calibration_frames(
    records: Sequence[Record], splits: Mapping[str, str], count: int, seed: int = 0
) -> tuple[Record, ...]:
    """Choose frames in turn from every condition of every source, and there from every sequence.

    A rare condition gets as many frames as a frequent one, while it has any: the range of a night
    scene matters as much as that of a day.

    Args:
        records: of a version.
        splits: sha256 -> split.
        count: frames; all of the training data if there are fewer.
        seed: equal seeds, equal frames.

    Raises:
        UsageError: no frame is asked for.
        DatasetError: there is no training data.
    """
    if count < 1:
        raise UsageError(f"expected at least 1 calibration frame, got {count}")
    cells: dict[tuple[str, ...], dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in sorted(records, key=lambda one: _draw(seed, one.sha256)):
        if splits.get(record.sha256) == TRAIN:
            cells[_cell(record)][sequence_of(record)].append(record)
    if not cells:
        raise DatasetError("expected images in the training split, got none: see 'data split'")
    queues = [_in_turn(list(sequences.values())) for _, sequences in sorted(cells.items())]
    return tuple(_in_turn(queues)[:count])


def _cell(record: Record) -> tuple[str, ...]:
    return (record.source, *(record.conditions.get(key, "") for key in SPREAD))


def _in_turn(queues: Sequence[Sequence[Record]]) -> list[Record]:
    """The first of each, then the second of each, and so on."""
    longest = max(map(len, queues))
    return [queue[rank] for rank in range(longest) for queue in queues if rank < len(queue)]


def _draw(seed: int, sha256: str) -> str:
    return hashlib.sha256(f"calibration {seed} {sha256}".encode()).hexdigest()
