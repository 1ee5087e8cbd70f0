"""Annotators made up with known errors, to see whether the panel finds the errors again.

No real panel has drawn anything for this project. What is shown here is that the arithmetic is
right where the truth and everybody's errors are known; it says nothing about how well people draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from belisha.boxes import FloatArray, as_xyxy, iou
from training.data.annotator_quality import Quality, weigh
from training.data.panel import Answers, Consensus, answers_of, consensus
from training.data.records import Annotation, Record

ORIGIN = "SIMULATED annotators with known errors; no real panel"
SMALL_PX = 30.0


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How somebody errs.

    Attributes:
        name: of the annotator.
        misses: share of the people whom they miss.
        misses_small: share of those under 30 px.
        invents: boxes a picture on nobody.
        spread: standard deviation of each side, in heights of the person.
        shift: of the whole box to the right and down, in heights.
    """

    name: str
    misses: float = 0.02
    misses_small: float = 0.05
    invents: float = 0.02
    spread: float = 0.03
    shift: float = 0.0


PANEL = (
    Habit(name="careful"),
    Habit(name="good", misses=0.04, misses_small=0.08, spread=0.04),
    Habit(name="careless", misses=0.25, misses_small=0.35, invents=0.4, spread=0.09),
    Habit(name="misses small", misses_small=0.6),
    Habit(name="shifted", shift=0.12),
    Habit(name="liberal", misses=0.01, misses_small=0.02, invents=0.9),
)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """How well a way to a consensus, or one annotator alone, gives the truth back.

    Attributes:
        name: of the way.
        precision, recall, f1: of people, at an overlap of 0.5.
        overlap: mean overlap of those found with the truth.
    """

    name: str
    precision: float
    recall: float
    f1: float
    overlap: float


def simulated_truth(images: int, seed: int = 0) -> tuple[Record, ...]:
    """Images with people of all heights, none hiding another."""
    generator = np.random.default_rng(seed)
    return tuple(_street(index, generator) for index in range(images))


def _street(index: int, generator: np.random.Generator) -> Record:
    boxes = as_xyxy([])
    for _ in range(int(generator.poisson(4))):
        box = _random_box(generator)
        if iou(box[None], boxes).max(initial=0) < 0.2:
            boxes = np.concatenate([boxes, box[None]])
    return Record(
        sha256=f"{index:064x}",
        name=f"simulated {index}",
        source="simulated",
        width=640,
        height=480,
        annotations=tuple(_annotation(box, "") for box in boxes),
    )


def _random_box(generator: np.random.Generator) -> FloatArray:
    tall = float(np.exp(generator.uniform(np.log(14), np.log(180))))
    left, top = generator.uniform(0, 640 - 0.4 * tall), generator.uniform(0, 480 - tall)
    return np.array([left, top, left + 0.4 * tall, top + tall], np.float32)


def _annotation(box: FloatArray, annotator: str) -> Annotation:
    left, top, right, bottom = (float(side) for side in box)
    return Annotation(xyxy=(left, top, right, bottom), annotator=annotator)


def simulate(
    truth: Sequence[Record], panel: Sequence[Habit] = PANEL, seed: int = 0
) -> tuple[Answers, ...]:
    """What the panel would draw on each image."""
    generator = np.random.default_rng(seed)
    return tuple(_looked_at(record, panel, generator) for record in truth)


def _looked_at(record: Record, panel: Sequence[Habit], generator: np.random.Generator) -> Answers:
    people = as_xyxy([annotation.xyxy for annotation in record.annotations])
    drawn = [
        _annotation(box, habit.name) for habit in panel for box in _draws(habit, people, generator)
    ]
    names = tuple(habit.name for habit in panel)
    return answers_of(replace(record, annotations=tuple(drawn), annotators=names))


def _draws(habit: Habit, people: FloatArray, generator: np.random.Generator) -> FloatArray:
    """The boxes of one annotator."""
    tall = people[:, 3] - people[:, 1]
    missing = np.where(tall < SMALL_PX, habit.misses_small, habit.misses)
    seen = people[generator.random(len(people)) >= missing]
    tall = (seen[:, 3] - seen[:, 1])[:, None]
    drawn = seen + tall * (habit.shift + generator.normal(0, habit.spread, seen.shape))
    invented = [_random_box(generator) for _ in range(int(generator.poisson(habit.invents)))]
    return cast(FloatArray, np.concatenate([drawn, as_xyxy(invented)]).astype(np.float32))


def recover(
    truth: Sequence[Record], answers: Sequence[Answers]
) -> tuple[tuple[Recovery, ...], tuple[Quality, ...]]:
    """How well each annotator alone, votes, and weighed votes give the truth back."""
    voted = [consensus(one) for one in answers]
    weighed, qualities = weigh(voted)
    ways = {
        answer.annotator: [one.answers[index].people for one in answers]
        for index, answer in enumerate(answers[0].answers)
    }
    ways["panel, majority and median"] = _people(voted)
    ways["panel, weighed by quality"] = _people(weighed)
    return tuple(_recovery(name, truth, boxes) for name, boxes in ways.items()), qualities


def _people(agreed: Sequence[Consensus]) -> list[FloatArray]:
    return [one.people for one in agreed]


def _recovery(name: str, truth: Sequence[Record], found: Sequence[FloatArray]) -> Recovery:
    """Matched greedily, the most overlapping first."""
    hits, overlaps = 0, [0.0]
    for record, boxes in zip(truth, found, strict=True):
        overlap = iou(boxes, as_xyxy([item.xyxy for item in record.annotations]))
        while overlap.size and overlap.max() >= 0.5:
            row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
            hits += 1
            overlaps.append(float(overlap[row, column]))
            overlap[row], overlap[:, column] = 0, 0
    drawn, people = sum(map(len, found)), sum(len(record.annotations) for record in truth)
    return Recovery(
        name=name,
        precision=hits / max(drawn, 1),
        recall=hits / max(people, 1),
        f1=2 * hits / max(drawn + people, 1),
        overlap=sum(overlaps) / max(hits, 1),
    )
