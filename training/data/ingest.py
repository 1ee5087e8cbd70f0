"""Taking data sets into a store.

    sources -> readers -> the plan's words -> images looked at and placed -> one version, or none

It may be killed at any moment: images that were placed are not read again, and the version appears
in one step at the end.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from belisha.cameras.picture import decode_picture
from belisha.errors import DatasetError, FrameError, UsageError
from training.data.formats import open_reader
from training.data.formats.annotators import only_annotator_is_truth
from training.data.formats.reading import Draft, Finding, Notes, Options, Reading
from training.data.plan import Plan, SourcePlan, described
from training.data.records import Record
from training.data.store import Store
from training.data.version import Version

BATCH = 256
"""Images between two entries in the journal: at most so many are looked at twice."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What was taken in of one source.

    Attributes:
        source: its name.
        images, people, dont_care: counts of what came in.
        broken: images that cannot be used; they were left out.
        findings: what was mapped, dropped, or became don't care.
    """

    source: str
    images: int
    people: int
    dont_care: int
    broken: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """How it ended.

    Attributes:
        version: that holds the data now.
        is_new: whether this made it, or the data were known.
        intakes: by source.
    """

    version: Version
    is_new: bool
    intakes: tuple[Intake, ...]


def ingest(
    store: Store,
    plan: Plan,
    *,
    name: str = "",
    parent: Version | None = None,
    reason: str = "",
    threads: int = 2,
    reread: bool = False,
) -> Ingested:
    """Take all sources of a plan in, as one version.

    Args:
        store: where to.
        plan: the sources.
        name: of the version; `v1`, `v2`, ... if empty.
        parent: version whose other sources are carried over.
        reason: why.
        threads: that read and decode images.
        reread: look at all images again, also at those whose size and time have not changed.

    Raises:
        DatasetError: a source cannot be read, or nothing in it can be used.
        UsageError: the plan makes no sense.
    """
    _check(plan)
    # All annotations are read first, so that a mistake in the last file costs seconds.
    readings = [(source, _read(source, Path(plan.data))) for source in plan.sources]
    before = {version.name for version in store.versions()}
    with store.writing():
        images = _Images(store, threads, reread)
        records: list[Record] = []
        intakes = []
        total = sum(len(reading.drafts) for _, reading in readings)
        with tqdm(total=total, desc="ingest", unit="image", leave=False, disable=None) as progress:
            for source, reading in readings:
                taken, intake = _take(source, reading, images, progress)
                records.extend(taken)
                intakes.append(intake)
        version = store.commit(
            records,
            name=name,
            parent=parent,
            keeping=_kept(parent, {record.source for record in records}),
            reason=reason,
            report=json.dumps([asdict(intake) for intake in intakes]),
        )
    return Ingested(version=version, is_new=version.name not in before, intakes=tuple(intakes))


def _check(plan: Plan) -> None:
    names = [source.name for source in plan.sources]
    if not names or len(set(names)) != len(names) or "" in names:
        raise UsageError(f"expected sources, each with a name of its own; got {names}")


def _read(source: SourcePlan, data: Path) -> Reading:
    options = Options(
        labels={label.lower(): meaning for label, meaning in source.labels.items()},
        images=data / source.images if source.images else None,
    )
    reading = open_reader(source.format)(data / source.path, options)
    if not source.keep_annotators:
        reading = only_annotator_is_truth(reading)
    return described(reading, source)


def _kept(parent: Version | None, replaced: Collection[str]) -> list[str]:
    """Sources of the parent that did not come again."""
    return [source for source in parent.sources() if source not in replaced] if parent else []


def _take(
    source: SourcePlan, reading: Reading, images: _Images, progress: tqdm[Any]
) -> tuple[list[Record], Intake]:
    """The records of a source, their images in the store."""
    notes = Notes()
    notes.merge(reading.findings)
    drafts = list(_once(reading.drafts, notes))
    records: list[Record] = []
    first_of: dict[str, str] = {}
    broken = 0
    for draft, result in zip(drafts, images.placed([draft.path for draft in drafts]), strict=True):
        progress.update()
        problem = result if isinstance(result, str) else _mismatch(draft.record, result)
        if isinstance(result, str) or problem:
            notes.add("dropped", "image that cannot be used", problem)
            broken += 1
            continue
        if result.sha256 in first_of:
            what = "image with the very bytes of another: kept, and never parted from it"
            notes.add("mapped", what, f"{draft.record.name} = {first_of[result.sha256]}")
        first_of.setdefault(result.sha256, draft.record.name)
        records.append(replace(draft.record, sha256=result.sha256))
    if not records:
        dropped = [found for found in notes.findings() if "image" in found.what]
        why = f"{dropped[0].what}: {dropped[0].example}" if dropped else str(source.path)
        raise DatasetError(f"{source.name}: nothing in it can be used: {why}")
    return records, _intake(source.name, records, broken, notes)


def _intake(name: str, records: Sequence[Record], broken: int, notes: Notes) -> Intake:
    kinds = [item.kind for record in records for item in record.annotations if not item.annotator]
    return Intake(
        source=name,
        images=len(records),
        people=kinds.count("person"),
        dont_care=kinds.count("dont_care"),
        broken=broken,
        findings=notes.findings(),
    )


def _once(drafts: Sequence[Draft], notes: Notes) -> Iterator[Draft]:
    """Each image of a name once."""
    seen = set()
    for draft in drafts:
        key = draft.record.source, draft.record.name
        if key in seen:
            notes.add("dropped", "image that is listed twice: the first counts", str(draft.path))
            continue
        seen.add(key)
        yield draft


@dataclass(frozen=True)
class _Placed:
    """An image in the store."""

    sha256: str
    width: int
    height: int


def _mismatch(record: Record, placed: _Placed) -> str:
    """Why picture and annotations do not belong together; empty if they do."""
    said, got = (record.width, record.height), (placed.width, placed.height)
    if said == got:
        return ""
    return f"{record.name}: expected {said[0]}x{said[1]} pixels, got {got[0]}x{got[1]}"


class _Images:
    """Looks at images and places them, several at a time; keeps a journal of it."""

    def __init__(self, store: Store, threads: int, reread: bool) -> None:
        self._store, self._threads, self._reread = store, threads, reread

    def placed(self, paths: Sequence[Path]) -> Iterator[_Placed | str]:
        """For each path the image, or in words why it cannot be used."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="ingest") as workers:
            for begin in range(0, len(paths), BATCH):
                batch = [_File.of(path) for path in paths[begin : begin + BATCH]]
                known = [self._known(file) for file in batch]
                results = list(workers.map(self._place, batch, known))
                self._note(batch, known, results)
                yield from results

    def _known(self, file: _File | str) -> _Placed | None:
        """The image, if it was looked at before and has not changed since."""
        if isinstance(file, str) or self._reread:
            return None
        row = self._store.manifest.row(
            "SELECT sha256, width, height FROM seen WHERE path = ? AND bytes = ? AND mtime_ns = ?",
            (str(file.path), file.bytes, file.mtime_ns),
        )
        placed = _Placed(*row) if row else None
        return placed if placed and self._store.objects.path(placed.sha256).exists() else None

    def _place(self, file: _File | str, known: _Placed | None) -> _Placed | str:
        if isinstance(file, str) or known is not None:
            return known or str(file)
        try:
            sha256, (width, height) = self._store.objects.place_file(
                file.path, lambda data: _size(data, str(file.path))
            )
        except (DatasetError, FrameError) as error:
            return str(error)
        return _Placed(sha256, width, height)

    def _note(
        self,
        batch: Sequence[_File | str],
        known: Sequence[_Placed | None],
        results: Sequence[_Placed | str],
    ) -> None:
        """Write down what is new, once it is safe on disk."""
        rows = [
            (str(file.path), file.bytes, file.mtime_ns, *asdict(result).values())
            for file, before, result in zip(batch, known, results, strict=True)
            if before is None and isinstance(file, _File) and isinstance(result, _Placed)
        ]
        if rows:
            self._store.objects.sync()
            with self._store.manifest.transaction():
                self._store.manifest.change_many(
                    "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?)", rows
                )


@dataclass(frozen=True)
class _File:
    """A file as it is now."""

    path: Path
    bytes: int
    mtime_ns: int

    @staticmethod
    def of(path: Path) -> _File | str:
        """The file, or in words why it cannot be used."""
        try:
            path = path.resolve()
            state = path.stat()
        except (OSError, ValueError) as error:
            return f"{path}: cannot be read: {error}"
        return _File(path, state.st_size, state.st_mtime_ns)


def _size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height of a picture that truly decodes."""
    height, width = decode_picture(data, name).shape[:2]
    return width, height
