"""Records made up for tests: as many people of as many sizes as asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from training.data.records import Annotation, Record


def person(
    height: float = 40, left: float = 10, top: float = 10, annotator: str = ""
) -> Annotation:
    """Somebody `height` pixels tall."""
    return Annotation(xyxy=(left, top, left + height / 2, top + height), annotator=annotator)


def record(
    name: str,
    *,
    sequence: str = "",
    source: str = "drawn",
    heights: Sequence[float] = (),
    **conditions: str,
) -> Record:
    """An image of that name."""
    return Record(
        sha256=digest(name),
        name=name,
        source=source,
        width=640,
        height=480,
        sequence=sequence,
        conditions=conditions,
        annotations=tuple(person(height) for height in heights),
    )


def digest(name: str) -> str:
    """A sha256 for a name."""
    return hashlib.sha256(name.encode()).hexdigest()
