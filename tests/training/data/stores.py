"""Stores for tests: made-up records, with images where they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.training.data.annotated import HEIGHT, PERSON, RIDER, WIDTH, draw
from training.data.records import Annotation, Record
from training.data.store import Store

LIGHTS = ("day", "dusk", "night")


def sha(number: int) -> str:
    return f"{number:064x}"


def record(number: int, **changes: Any) -> Record:
    """A record without an image; its number decides everything."""
    values: dict[str, Any] = {
        "sha256": sha(number),
        "name": f"{number:03}.png",
        "source": "street",
        "width": WIDTH,
        "height": HEIGHT,
        "sequence": f"drive-{number // 4}",
        "conditions": {"light": LIGHTS[number % 3]},
        "annotations": (Annotation(xyxy=PERSON),),
    }
    return Record(**(values | changes))


def with_images(store: Store, folder: Path, count: int, source: str = "street") -> Iterator[Record]:
    """Records whose images lie in the store."""
    people = (
        Annotation(xyxy=PERSON, visible_xyxy=(8.0, 4.0, 20.0, 22.1), occlusion=0.5, track="7"),
        Annotation(xyxy=RIDER, kind="dont_care", reason="rider", label="rider", truncated=True),
    )
    for number in range(count):
        path = draw(folder / f"{number}.png", 40 + number)
        sha256, _ = store.objects.place_file(path, len)
        yield record(
            number,
            sha256=sha256,
            source=source,
            time="noon",
            licence="CC0",
            annotations=people[: number % 3],
        )
