"""How the cost of a manifest grows with its rows, on made-up records without images."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from training.data.records import Annotation, Record
from training.data.store import Store

T = TypeVar("T")

IMAGES_PER_SEQUENCE = 40
NEW_IMAGES = 1000
"""That a later version adds."""

_LIGHTS = ("day",) * 6 + ("dusk",) * 2 + ("night",) * 2
_WEATHERS = ("clear",) * 7 + ("rain",) * 2 + ("fog",)
_SPLITS = ("train",) * 8 + ("validation", "test")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a manifest of one size costs; seconds.

    Attributes:
        rows: records.
        ingest: first version, from records to commit.
        split: assigning each image.
        count: images of a condition in a split.
        fetch: reading the records of these images.
        found: how many those are.
        sequence: counting the images of one sequence.
        add: a second version with a few new images.
        megabytes: of the manifest.
    """

    rows: int
    ingest: float
    split: float
    count: float
    fetch: float
    found: int
    sequence: float
    add: float
    megabytes: float


def made_up_records(begin: int, end: int) -> Iterator[Record]:
    """Records with drives, light, weather and a few people each; the same for equal numbers."""
    for index in range(begin, end):
        drive = index // IMAGES_PER_SEQUENCE
        chance = index * 2654435761 % 2**32  # cheap, for it is the manifest that is measured
        tops = [(chance >> shift) % 20000 / 100 for shift in range(chance % 6)]
        yield Record(
            sha256=_digest(index),
            name=f"{index:08}.jpg",
            source=f"fleet-{drive % 50}",
            width=640,
            height=480,
            sequence=f"drive-{drive}",
            conditions={
                "light": _LIGHTS[drive % 10],
                "weather": _WEATHERS[drive // 10 % 10],
                "camera": f"camera-{drive % 4}",
            },
            annotations=tuple(
                Annotation(xyxy=(10.0, top, 40.0, top + 60.0), truncated=False) for top in tops
            ),
        )


def manifest_cost(rows: int, folder: Path) -> Cost:
    """Fill a new store with made-up records and ask it.

    Args:
        rows: records.
        folder: of the store; must not exist.
    """
    with Store.open(folder, create=True) as store:
        version, ingest = _timed(
            lambda: store.commit(made_up_records(0, rows), check_objects=False)
        )
        assignment = {
            _digest(index): _SPLITS[index // IMAGES_PER_SEQUENCE // 10 % 10]
            for index in range(rows)
        }
        _, split = _timed(lambda: version.assign(assignment))
        asked = ["split=validation", "light=night"]
        counts, count = _timed(lambda: version.count(asked))
        _, fetch = _timed(lambda: list(version.records(asked)))
        _, sequence = _timed(lambda: version.count(["sequence=drive-3"]))
        _, add = _timed(
            lambda: store.commit(
                made_up_records(rows, rows + NEW_IMAGES),
                parent=version,
                keeping=version.sources(),
                check_objects=False,
            )
        )
        size = sum(path.stat().st_size for path in folder.glob("manifest.sqlite*"))
    return Cost(
        rows=rows,
        ingest=ingest,
        split=split,
        count=count,
        fetch=fetch,
        found=counts.images,
        sequence=sequence,
        add=add,
        megabytes=size / 1e6,
    )


def exponent(costs: Sequence[Cost], name: str) -> float | None:
    """Slope of log cost over log rows: 1 is proportional, 0 is constant; None for one size."""
    if len(costs) < 2:
        return None
    x, y = ([math.log(getattr(cost, key)) for cost in costs] for key in ("rows", name))
    return float(np.polyfit(x, y, 1)[0])


def _digest(index: int) -> str:
    """Spread like real digests, which is the worst case for an index."""
    return hashlib.sha256(index.to_bytes(8, "big")).hexdigest()


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin
