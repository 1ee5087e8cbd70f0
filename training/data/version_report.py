"""One page about a version of the data: what it covers, how it is split, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from belisha.boxes import as_xyxy
from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError
from belisha.frames import Image
from belisha.plots import Axis, heat_map, histogram
from belisha.report import (
    Block,
    Details,
    Facts,
    Figure,
    Picture,
    Report,
    Section,
    Table,
    Text,
    Verdict,
)
from training.data.agreement import Agreement
from training.data.bands import HEIGHTS_PX, band_names, height_px, people
from training.data.coco import Sample
from training.data.coverage import WANTED, Coverage, Share
from training.data.groups import QUARANTINE
from training.data.leaks import Leaks
from training.data.look import Look
from training.data.near_duplicates import Pair
from training.data.records import Record
from training.data.seal import Entry, State
from training.data.split import SPLITS, TEST, TRAIN, VALIDATION, Split
from training.data.strata import SPREAD
from training.evaluation.contact_sheet import truth_sheet

PAIRS = 12
SHOWN = (*SPREAD, "contrast", "sharpness", "noise", "view")
"""Conditions on the heat maps; the table has all."""
SHEET = 9
_PAIR_WIDTH, _PAIR_HEIGHT = 480, 270


@dataclass(frozen=True, eq=False)
class Findings:
    """All that the page tells.

    Attributes:
        look: the version, measured.
        splits: sha256 -> split.
        split: how evenly it came out; nothing if it was not dealt here.
        coverage, leaks: of the split.
        state, entries: of the seal.
        agreement: of annotators whose answers the version still holds apart; nothing for none.
    """

    look: Look
    splits: Mapping[str, str]
    split: Split | None
    coverage: Coverage
    leaks: Leaks
    state: State
    entries: Sequence[Entry]
    agreement: Agreement | None


def version_report(found: Findings) -> Report:
    """The page."""
    version = found.look.version
    holes = len(found.coverage.holes)
    leak = "no leak was found" if found.leaks.clean else "THE SPLIT LEAKS"
    return Report(
        title=f"Data, version {version.name}",
        summary=(
            f"{version.description.images} images, {version.description.people} people; {leak}; "
            f"{holes} holes in what it covers; {found.state}."
        ),
        sections=(
            Section("The version", (_facts(found),)),
            Section("The split", _split_blocks(found)),
            Section("What it covers", _coverage_blocks(found.coverage)),
            Section("What is missing", _hole_blocks(found.coverage)),
            Section("How the pictures look", _histograms(found)),
            Section("Near-duplicates", _pair_blocks(found)),
            Section("Annotators", _agreement_blocks(found.agreement)),
            Section("Looks at the test split", _seal_blocks(found)),
            Section("Pictures with their boxes", _sheets(found)),
        ),
    )


def _facts(found: Findings) -> Block:
    description = found.look.version.description
    sources = sorted({record.source for record in found.look.records})
    licences = sorted({record.licence or "unknown" for record in found.look.records})
    return Facts(
        {
            "fingerprint": description.fingerprint,
            "made": f"{description.created} of {description.parent or 'nothing'}",
            "why": description.reason or "-",
            "sources": ", ".join(sources),
            "licences": "; ".join(licences),
        }
    )


def _split_blocks(found: Findings) -> list[Block]:
    coverage = found.coverage
    rows = [
        (
            name,
            *(
                str(table.get(name, 0))
                for table in (coverage.images, coverage.groups, coverage.people)
            ),
        )
        for name in SPLITS
    ]
    quarantined = sum(split == QUARANTINE for split in found.splits.values())
    rows.append((QUARANTINE, str(quarantined), "", ""))
    leaks = found.leaks
    words = (
        "no sequence is cut in two and no near-duplicates lie on both sides"
        if leaks.clean
        else f"{len(leaks.sequences)} sequences are cut, {len(leaks.pairs)} near-duplicate pairs "
        f"lie on both sides; known to training: {dict(leaks.known)}"
    )
    blocks: list[Block] = [
        Verdict(leaks.clean, words),
        Table(("split", "images", "sequences", "people"), rows),
    ]
    if found.split is not None:
        strata = [
            (
                one.name,
                f"{one.deviation:.1f}",
                str(one.groups),
                *(str(one.counts[name]) for name in SPLITS),
            )
            for one in found.split.splittable
        ]
        caption = "Points: largest distance of a split's share from its fraction."
        blocks.append(Table(("stratum", "points", "groups", *SPLITS), strata, caption))
        blocks += [
            Verdict(None, f"cannot be split: {one.advice}") for one in found.split.unsplittable
        ]
    return blocks


def _coverage_blocks(coverage: Coverage) -> list[Block]:
    bands = band_names(HEIGHTS_PX, "px")
    conditions = sorted({name for name, _, _ in coverage.cells if name.partition("=")[0] in SHOWN})
    splits = [split for split in SPLITS if split in coverage.images]
    maps: list[Block] = [
        Figure(
            heat_map(
                conditions,
                bands,
                [
                    [float(coverage.cells.get((name, band, split), 0)) for band in bands]
                    for name in conditions
                ],
                title=f"People in {split}, by condition and height",
            ),
            f"People in {split}, by condition and height.",
        )
        for split in splits
    ]
    rows = [
        (f"{row.name} ({row.kind})", *(_share(row.shares[split]) for split in splits))
        for row in coverage.rows
    ]
    caption = (
        "Shares with 95 % intervals (Wilson, as many trials as sequences). Distances: assumed "
        f"{coverage.camera}. 'measured': the source says nothing, it was taken from the picture."
    )
    table = Table(("part", *splits), rows, caption)
    return [*maps, Details("All shares with their intervals", (table,))]


def _share(share: Share) -> str:
    return (
        f"{share.count}: {100 * share.value:.1f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]"
    )


def _hole_blocks(coverage: Coverage) -> list[Block]:
    if not coverage.holes:
        wanted = ", ".join(value for values in WANTED.values() for value in values)
        return [Verdict(True, f"no holes: {wanted} have people of all heights in every split")]
    rows = [(str(hole), hole.advice) for hole in coverage.holes]
    return [
        Verdict(False, f"{len(coverage.holes)} holes; what to collect stands beside each"),
        Table(("hole", "collect"), rows),
    ]


def _histograms(found: Findings) -> list[Block]:
    tall = [height_px(item) for record in found.look.records for item in people(record)]
    looks = found.look.measurements.figures.astype(float).T.tolist()
    axes = (
        Axis("brightness, mean grey"),
        Axis("contrast, standard deviation of grey"),
        Axis("sharpness, variance of the Laplacian", log=True),
        Axis("noise, grey levels"),
    )
    return [
        Figure(
            histogram(
                tall, Axis("height of people", "px", log=True), title="Heights", count="people"
            )
        ),
        *(
            Figure(histogram(values, axis, title=axis.label.capitalize(), count="images"))
            for values, axis in zip(looks, axes, strict=True)
        ),
    ]


def _pair_blocks(found: Findings) -> list[Block]:
    shown = [
        pair
        for pair in found.look.pairs
        if TEST not in (found.splits.get(pair.first), found.splits.get(pair.second))
    ][:PAIRS]
    words = (
        f"{len(found.look.pairs)} pairs of different sequences are nearly the same; they were kept "
        "in one split. Those of the test split are not shown."
    )
    names = {record.sha256: f"{record.source}/{record.name}" for record in found.look.records}
    return [Text(words), *(_pair_picture(found.look, pair, names) for pair in shown)]


def _pair_picture(look: Look, pair: Pair, names: Mapping[str, str]) -> Block:
    sides = [
        cv2.resize(_read(look, sha256), (_PAIR_WIDTH, _PAIR_HEIGHT), interpolation=cv2.INTER_AREA)
        for sha256 in (pair.first, pair.second)
    ]
    data = cv2.imencode(".jpg", np.concatenate(sides, axis=1), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    mirrored = ", one mirrored" if pair.mirrored else ""
    caption = f"{pair.similarity:.3f}{mirrored}: {names[pair.first]} and {names[pair.second]}"
    return Picture(data.tobytes(), "two pictures that are nearly the same", caption)


def _read(look: Look, sha256: str) -> Image:
    try:
        return read_picture(look.version.image_path(sha256))
    except FrameError as error:
        raise DatasetError(f"a picture of the version cannot be shown: {error}") from error


def _agreement_blocks(found: Agreement | None) -> list[Block]:
    if found is None:
        return [
            Verdict(None, "every image has one truth: nothing is known of how well people agree")
        ]
    alpha = "-" if found.alpha is None else f"{found.alpha:.3f}"
    facts: dict[str, str] = {
        "Krippendorff's alpha, person or not": alpha,
        "candidates": str(found.candidates),
        "unanimous": str(found.unanimous),
    }
    plot = histogram(
        found.overlaps.tolist(),
        Axis("overlap of two annotators' boxes"),
        title="Overlaps",
        count="pairs",
    )
    return [Facts(facts), Figure(plot)]


def _seal_blocks(found: Findings) -> list[Block]:
    blocks: list[Block] = [Verdict(not found.state.spent, str(found.state))]
    if found.entries:
        rows = [
            (
                entry.time,
                entry.kind,
                str(entry.opening),
                entry.who,
                entry.reason,
                entry.model,
                _figures(entry.figures),
            )
            for entry in found.entries
        ]
        blocks.append(Table(("time", "what", "look", "who", "why", "model", "figures"), rows))
    return [*blocks, Facts({"head of the log": found.state.head})]


def _figures(figures: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in figures.items() if value is not None)


def _sheets(found: Findings) -> list[Block]:
    """Contact sheets of train and validation; nobody looks at test, not even here."""
    blocks: list[Block] = [Text("The test split is sealed: it is not shown.")]
    for split in (TRAIN, VALIDATION):
        records = [one for one in found.look.records if found.splits.get(one.sha256) == split]
        if records:
            chosen = [
                records[i]
                for i in np.linspace(0, len(records) - 1, min(SHEET, len(records)))
                .round()
                .astype(int)
            ]
            samples = [_sample(found.look, record) for record in chosen]
            title = f"{split}: {len(chosen)} of {len(records)} images, spread evenly"
            blocks.append(Picture(truth_sheet(samples, title), title))
    return blocks


def _sample(look: Look, record: Record) -> Sample:
    return Sample(
        look.version.image_path(record.sha256),
        record.width,
        record.height,
        as_xyxy([item.xyxy for item in record.annotations]),
        np.array([item.kind == "dont_care" for item in record.annotations], bool),
        {"file_name": f"{record.source}/{record.name}"},
    )
