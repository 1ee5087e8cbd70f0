"""How well people do, measured like a detector: each annotator against the others' consensus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import Boxes, FloatArray
from belisha.bundle import write_whole
from belisha.documents import parse_json
from belisha.errors import ConfigError, DatasetError
from belisha.matching import match
from training.data.panel import Answers, consensus, without
from training.evaluation.bootstrap import Resampling, draw, interval

SCHEMA = "belisha-humans-1"
LEAST_ANNOTATORS = 3
"""With two, the one would be measured against the other's opinion."""
MAX_BYTES = 100_000_000


@dataclass(frozen=True)
class Rate:
    """A figure with its 95 % interval; nothing where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class HumanResult:
    """How well somebody, or everybody on average, agrees with the others.

    Attributes:
        annotator: who; `all` for everybody together.
        images, people: that they were measured on.
        miss_rate: share of the people whom they missed.
        false_positives_per_image: people whom the others do not see.
        f1: harmonic mean of precision and recall.
    """

    annotator: str
    images: int
    people: int
    miss_rate: Rate
    false_positives_per_image: Rate
    f1: Rate


@dataclass(frozen=True, kw_only=True)
class HumanLine:
    """The line that a detector is measured against.

    Attributes:
        schema: name and version of the document.
        origin: who the annotators were; says so if they were simulated.
        names: of the images.
        all: everybody together.
        annotators: one by one.
    """

    schema: str
    origin: str
    names: tuple[str, ...]
    all: HumanResult
    annotators: tuple[HumanResult, ...]


def human_line(
    images: Sequence[Answers], origin: str, resampling: Resampling | None = None
) -> HumanLine:
    """Measure each annotator against the consensus of those who are left.

    What the others cannot agree on (exactly half) and their don't-care regions count neither way.

    Args:
        images: answers; those of fewer than three annotators are left out.
        origin: who the annotators were.
        resampling: of images, for the intervals; 1000 if absent.

    Raises:
        DatasetError: no image has three answers.
    """
    images = [image for image in images if len(image.answers) >= LEAST_ANNOTATORS]
    if not images:
        raise DatasetError(
            f"expected images with answers of at least {LEAST_ANNOTATORS} annotators: with fewer, "
            "nobody can be measured against the others"
        )
    resampling = resampling or Resampling()
    counts = [_leave_one_out(image) for image in images]
    names = sorted({name for one in counts for name in one})
    by_name = {
        name: np.array([one.get(name, (0, 0, 0, 0)) for one in counts], np.float64)
        for name in names
    }
    everybody = np.sum(list(by_name.values()), axis=0)
    return HumanLine(
        schema=SCHEMA,
        origin=origin,
        names=tuple(image.record.name for image in images),
        all=_result("all", everybody, resampling),
        annotators=tuple(_result(name, by_name[name], resampling) for name in names),
    )


def _leave_one_out(image: Answers) -> dict[str, tuple[int, int, int, int]]:
    """Annotator -> looks (1), people, people found, false alarms."""
    found = {}
    for index, answer in enumerate(image.answers):
        others = consensus(without(image, index))
        reference = np.concatenate([others.people, others.unasked])
        region = np.arange(len(reference)) >= len(others.people)
        matches = match(_as_detections(answer.people), reference, dont_care=region)
        hits, alarms = int(matches.hits.sum()), int(matches.false_alarms.sum())
        found[answer.annotator] = (1, len(others.people), hits, alarms)
    return found


def _as_detections(xyxy: FloatArray) -> Boxes:
    """People give no scores: the larger box is asked first."""
    order = np.argsort(-(xyxy[:, 3] - xyxy[:, 1]), kind="stable")
    return Boxes(xyxy[order], np.ones(len(xyxy), np.float32))


def _result(name: str, counts: NDArray[np.float64], resampling: Resampling) -> HumanResult:
    """Figures of (N, 4) looks, people, found, alarms by image."""
    drawn = [weights @ counts for weights in draw(np.arange(len(counts)), resampling, rows=200)]
    whole, resamples = _figures(counts.sum(axis=0)[None]), _figures(np.concatenate(drawn))
    rates = []
    for exact, values in zip(whole, resamples, strict=True):
        ends = interval(values) or (None, None)
        rates.append(Rate(None if np.isnan(exact[0]) else float(exact[0]), *ends))
    return HumanResult(
        annotator=name,
        images=int(counts[:, 0].sum()),
        people=int(counts[:, 1].sum()),
        miss_rate=rates[0],
        false_positives_per_image=rates[1],
        f1=rates[2],
    )


def _figures(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """(R,) miss rate, false positives per image and F1 of (R, 4) sums."""
    looks, people, found, alarms = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - found / people, alarms / looks, 2 * found / (people + found + alarms)


def write_human_line(path: Path, line: HumanLine) -> None:
    """Write the line as JSON, for `evaluate --humans`."""
    write_whole(path, json.dumps(asdict(line), indent=1, allow_nan=False).encode() + b"\n")


def read_human_line(path: Path) -> HumanLine:
    """Read what `write_human_line` wrote.

    Raises:
        DatasetError: absent, or something else.
    """
    try:
        with path.open("rb") as file:
            line = parse_json(file.read(MAX_BYTES), HumanLine, str(path))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    except ConfigError as error:
        raise DatasetError(f"expected the file of 'data consensus --humans': {error}") from error
    if line.schema != SCHEMA:
        raise DatasetError(f"{path}: expected the schema {SCHEMA}, got {line.schema!r}")
    return line
