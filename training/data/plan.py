"""What to take in: sources, and what to make of their words; as it stands in a YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from belisha.errors import UsageError
from training.data.formats.labels import Meaning
from training.data.formats.reading import Draft, Notes, Reading
from training.data.records import Record

_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class SourcePlan:
    """One data set.

    `sequence`, `time`, `licence` and the conditions are texts in which `{...}` stands for what is
    known of an image: `{name}`, `{stem}`, `{folder}`, `{sequence}`, `{time}`, whatever else the
    source says of it by its own name, and the named groups of `pattern`.

    Attributes:
        name: of the source in the store.
        path: relative to the plan's `data`.
        format: one of `training.data.formats.NAMES`.
        images: folder of the images, where the format does not say; relative to `data`.
        licence: of the images.
        sequence: the drive or recording of an image; images of one never part. Empty: each image
            stands for itself.
        time: when it was taken.
        pattern: regular expression that is searched in the name.
        conditions: of the scene: light, weather, view, place, ...; an empty value is unknown.
        labels: what the source's labels mean: person, dont_care or drop.
        keep_annotators: even a single annotator's answers wait for a consensus.
    """

    name: str
    path: str
    format: str = "coco"
    images: str = ""
    licence: str = "{licence}"
    sequence: str = "{sequence}"
    time: str = "{time}"
    pattern: str = ""
    conditions: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Meaning] = field(default_factory=dict)
    keep_annotators: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Data sets that are taken in together.

    Attributes:
        sources: each with a name of its own.
        data: folder that their paths are relative to; itself relative to the working directory.
    """

    sources: tuple[SourcePlan, ...]
    data: str = "."


def described(reading: Reading, plan: SourcePlan) -> Reading:
    """The drafts with source, sequence, licence, time and conditions as the plan says.

    Raises:
        UsageError: a pattern that is none, or a variable that no image has.
    """
    try:
        pattern = re.compile(plan.pattern)
    except re.error as error:
        raise UsageError(
            f"{plan.name}: expected a regular expression, got {plan.pattern!r}: {error}"
        ) from error
    words = [_words(draft, pattern) for draft in reading.drafts]
    used = _check_variables(plan, words)
    notes = Notes()
    notes.merge(reading.findings)
    drafts = []
    for draft, known in zip(reading.drafts, words, strict=True):
        for key in draft.fields.keys() - used:
            notes.add("dropped", f"field {key!r} of images: not kept", str(draft.path))
        drafts.append(replace(draft, record=_record(draft.record, plan, known)))
    return Reading(drafts=tuple(drafts), findings=notes.findings())


def _words(draft: Draft, pattern: re.Pattern[str]) -> Mapping[str, str]:
    """All that may stand for a variable."""
    record = draft.record
    path = PurePosixPath(record.name)
    folder = "" if path.parent == PurePosixPath(".") else path.parent.as_posix()
    found = pattern.search(record.name)
    return {
        **record.conditions,
        **draft.fields,
        "name": record.name,
        "stem": path.stem,
        "folder": folder,
        "sequence": record.sequence,
        "time": record.time,
        "licence": record.licence,
        **({key: value or "" for key, value in found.groupdict().items()} if found else {}),
    }


def _templates(plan: SourcePlan) -> list[str]:
    return [plan.sequence, plan.time, plan.licence, *plan.conditions.values()]


def _check_variables(plan: SourcePlan, words: list[Mapping[str, str]]) -> set[str]:
    """The variables that the plan uses."""
    used = {name for template in _templates(plan) for name in _VARIABLE.findall(template)}
    known = {key for image in words for key in image}
    missing = sorted(used - known) if words else []
    if missing:
        raise UsageError(
            f"{plan.name}: no image has {{{missing[0]}}}; they have {', '.join(sorted(known))}"
        )
    return used


def _record(record: Record, plan: SourcePlan, words: Mapping[str, str]) -> Record:
    def filled(template: str) -> str:
        return _VARIABLE.sub(lambda found: words.get(found.group(1), ""), template)

    planned = {key: filled(value) for key, value in plan.conditions.items()}
    conditions = {**record.conditions, **planned}
    return replace(
        record,
        source=record.source or plan.name,
        sequence=filled(plan.sequence),
        time=filled(plan.time),
        licence=filled(plan.licence),
        conditions={key: value for key, value in conditions.items() if value},
    )
