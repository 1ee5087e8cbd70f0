"""Several people's answers about the same images: put side by side, never mixed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from belisha.errors import DatasetError
from training.data.formats.reading import Draft, Drawn, Notes, Options, Reading, settle
from training.data.records import Record


@dataclass(frozen=True)
class Answer:
    """What one annotator said of one image.

    Attributes:
        path: of the image.
        name: of the image within its source.
        width, height: in pixels.
        annotator: who; empty if the answer is the truth.
        boxes: that they drew.
    """

    path: Path
    name: str
    width: int
    height: int
    annotator: str
    boxes: tuple[Drawn, ...]


def merged(answers: Iterable[Answer], options: Options, notes: Notes) -> Reading:
    """One draft an image, with the answers of all.

    Where an answer is marked as the truth, the image counts as settled.

    Raises:
        DatasetError: two answers disagree about the size of an image.
    """
    by_name: dict[str, list[Answer]] = {}
    for answer in answers:
        by_name.setdefault(answer.name, []).append(answer)
    drafts = tuple(_draft(found, options, notes) for found in by_name.values())
    return Reading(drafts=drafts, findings=notes.findings())


def _draft(answers: Sequence[Answer], options: Options, notes: Notes) -> Draft:
    first = answers[0]
    for answer in answers:
        if (answer.width, answer.height) != (first.width, first.height):
            place = answer.boxes[0].place if answer.boxes else str(answer.path)
            raise DatasetError(
                f"{place}: expected {first.width}x{first.height} pixels as another answer about "
                f"{first.name} says, got {answer.width}x{answer.height}"
            )
    drawn = [box for answer in answers for box in answer.boxes]
    annotators = sorted({answer.annotator for answer in answers})
    record = Record(
        sha256="",
        name=first.name,
        source="",
        width=first.width,
        height=first.height,
        annotations=settle(drawn, first.width, first.height, options, notes),
        annotators=() if "" in annotators else tuple(annotators),
    )
    return Draft(path=first.path, record=record)


def only_annotator_is_truth(reading: Reading) -> Reading:
    """Take the answers of one annotator as the truth, if nobody else answered anywhere."""
    names = {name for draft in reading.drafts for name in draft.record.annotators}
    names |= {
        annotation.annotator for draft in reading.drafts for annotation in draft.record.annotations
    }
    names.discard("")
    settled = any(not draft.record.annotators for draft in reading.drafts)
    if len(names) != 1 or settled:
        return reading
    (name,) = names
    notes = Notes()
    notes.merge(reading.findings)
    example = str(reading.drafts[0].path)
    what = f"{name} is the only annotator: taken as the truth"
    notes.add("mapped", what, example, len(reading.drafts))
    drafts = tuple(
        replace(draft, record=_without_annotator(draft.record)) for draft in reading.drafts
    )
    return Reading(drafts=drafts, findings=notes.findings())


def _without_annotator(record: Record) -> Record:
    annotations = tuple(replace(annotation, annotator="") for annotation in record.annotations)
    return replace(record, annotations=annotations, annotators=())
