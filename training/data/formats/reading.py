"""What a reader of a format gives back: drafts of records, and what it did to the source's words.

Nothing is lost without a word: whatever a reader leaves out, turns into a don't-care region or
takes to mean something is counted, with its first example.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from training.data.formats.labels import DEFAULT_LABELS, Meaning
from training.data.records import Annotation, Box, Record

Action = Literal["mapped", "dropped", "dont_care"]

MAX_COORDINATE = 1e6
"""Pixels; no image is larger, so a box beyond is a mistake of the source."""


@dataclass(frozen=True)
class Finding:
    """One thing that a reader did, however often.

    Attributes:
        action: what became of it.
        what: the source's words, and why.
        count: how often.
        example: place of the first, such as `labels/a.txt:3`.
    """

    action: Action
    what: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A record whose image has not been looked at.

    Attributes:
        path: of the image file.
        record: without `sha256`, `source` unless the format keeps it.
        fields: what else the source says of the image, by its own names, as text.
    """

    path: Path
    record: Record
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A source as read.

    Attributes:
        drafts: in the order of the source.
        findings: what was mapped, dropped, or became don't care.
    """

    drafts: tuple[Draft, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a reader may be told.

    Attributes:
        labels: what the source's labels mean, beside and before `DEFAULT_LABELS`; in lower case.
        images: folder of the images, where the format does not say.
    """

    labels: Mapping[str, Meaning] = field(default_factory=dict)
    images: Path | None = None

    def meaning(self, label: str) -> Meaning:
        """What a label of the source means; unknown ones are dropped."""
        key = label.strip().lower()
        return self.labels.get(key) or DEFAULT_LABELS.get(key, "drop")


class Notes:
    """Findings in the making."""

    def __init__(self) -> None:
        self._found: dict[tuple[Action, str], tuple[int, str]] = {}

    def add(self, action: Action, what: str, place: str, count: int = 1) -> None:
        """Count one more."""
        before, example = self._found.get((action, what), (0, place))
        self._found[action, what] = before + count, example

    def merge(self, findings: tuple[Finding, ...]) -> None:
        """Count those of another reading as well."""
        for finding in findings:
            self.add(finding.action, finding.what, finding.example, finding.count)

    def findings(self) -> tuple[Finding, ...]:
        """The most frequent first within each action."""
        found = (Finding(*key, *value) for key, value in self._found.items())
        return tuple(sorted(found, key=lambda one: (one.action, -one.count, one.what)))


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A box as a source draws it, before anything is decided.

    Attributes:
        xyxy: in pixels.
        label: the source's.
        place: for messages.
        ignore: reason to make it don't care whatever its label; empty for none.
        visible_xyxy, occlusion, truncated, annotator, track: as in `Annotation`.
    """

    xyxy: Box
    label: str
    place: str
    ignore: str = ""
    visible_xyxy: Box | None = None
    occlusion: float | None = None
    truncated: bool | None = None
    annotator: str = ""
    track: str = ""


def settle(
    boxes: Iterable[Drawn], width: int, height: int, options: Options, notes: Notes
) -> tuple[Annotation, ...]:
    """The annotations that drawn boxes become.

    Args:
        boxes: of one image.
        width: of the image in pixels.
        height: of the image in pixels.
        options: what labels mean.
        notes: told of what is dropped or becomes don't care.
    """
    settled = (_settled(drawn, width, height, options, notes) for drawn in boxes)
    return tuple(annotation for annotation in settled if annotation is not None)


def _settled(
    drawn: Drawn, width: int, height: int, options: Options, notes: Notes
) -> Annotation | None:
    """One annotation, or none."""
    meaning = options.meaning(drawn.label)
    if meaning == "drop":
        notes.add("dropped", f"label {drawn.label!r}: not a person", drawn.place)
        return None
    problem = _problem(drawn.xyxy, width, height)
    if problem:
        notes.add("dropped", f"box {problem}", drawn.place)
        return None
    reason = drawn.ignore or (drawn.label.strip().lower() if meaning == "dont_care" else "")
    if reason:
        notes.add("dont_care", f"label {drawn.label!r}: {reason}", drawn.place)
    visible = drawn.visible_xyxy
    if visible is not None and _problem(visible, width, height):
        notes.add("dropped", "visible box without area: nothing is known of it", drawn.place)
        visible = None
    return Annotation(
        xyxy=_floats(drawn.xyxy),
        kind="dont_care" if reason else "person",
        reason=reason,
        visible_xyxy=visible and _floats(visible),
        occlusion=drawn.occlusion,
        truncated=drawn.truncated,
        label=drawn.label,
        annotator=drawn.annotator,
        track=drawn.track,
    )


def _problem(box: Box, width: int, height: int) -> str:
    """Why a box is of no use; empty if it is sound."""
    left, top, right, bottom = box
    if not all(map(math.isfinite, box)) or max(map(abs, box)) > MAX_COORDINATE:
        return "with coordinates that no image has"
    if right <= left or bottom <= top:
        return "without area"
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return "outside the image"
    return ""


def _floats(box: Box) -> Box:
    """Plain floats, so that equal boxes have equal texts; -0 becomes 0."""
    left, top, right, bottom = (float(value) + 0.0 for value in box)
    return left, top, right, bottom


def hidden_share(whole: Box, visible: Box) -> float:
    """Share of a box, 0 to 1, that its visible part leaves out."""
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (whole, visible)]
    return min(1.0, max(0.0, 1 - areas[1] / areas[0])) if areas[0] > 0 else 0.0
