"""Several people's boxes of one image become one truth.

answers -> clusters, a box of each annotator at most -> votes -> the median box of those who agree

An annotator who looked and drew nothing has voted too. Where exactly half say that there is a
person, nobody can be blamed for either answer: such a box is don't care until it is adjudicated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, FloatArray, IntArray, as_xyxy, iou
from belisha.errors import UsageError
from training.data.records import Annotation, Record

SAME_PERSON = 0.4
"""Overlap from which two annotators mean the same person; small boxes are drawn roughly."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What one annotator drew on an image.

    Attributes:
        annotator: who.
        people: (N, 4) boxes in pixels of the image.
        dont_care: (M, 4) regions.
    """

    annotator: str
    people: FloatArray
    dont_care: FloatArray


@dataclass(frozen=True, eq=False)
class Answers:
    """What all who looked at an image drew.

    Attributes:
        record: of the image, its annotations those of the annotators.
        answers: one of each annotator, in order of their names.
    """

    record: Record
    answers: tuple[Answer, ...]


@dataclass(frozen=True, eq=False)
class Cluster:
    """Boxes that mean one person.

    Attributes:
        annotators: (V,) index of the answer that each box comes from, rising.
        boxes: (V, 4).
    """

    annotators: IntArray
    boxes: FloatArray


@dataclass(frozen=True, eq=False)
class Consensus:
    """What a panel says of an image.

    Attributes:
        answers: what it is made of.
        clusters: K candidates.
        xyxy: (K, 4) their agreed boxes.
        belief: (K,) share of votes, or probability, that it is a person.
        accepted: (K,) it is.
        tied: (K,) nobody can tell.
        dont_care: (R, 4) regions that at least half of the annotators drew.
    """

    answers: Answers
    clusters: tuple[Cluster, ...]
    xyxy: FloatArray
    belief: NDArray[np.float64]
    accepted: BoolArray
    tied: BoolArray
    dont_care: FloatArray

    @property
    def people(self) -> FloatArray:
        """(P, 4) boxes of accepted people."""
        return self.xyxy[self.accepted]

    @property
    def unasked(self) -> FloatArray:
        """(Q, 4) don't-care regions and ties."""
        return np.concatenate([self.dont_care, self.xyxy[self.tied]])


def answers_of(record: Record) -> Answers:
    """The answers in a record that was annotated by several people.

    Raises:
        UsageError: the record has no annotators.
    """
    if not record.annotators:
        raise UsageError(
            f"{record.name}: expected answers of annotators, got a record with one truth"
        )
    return Answers(record, tuple(_answer(record, name) for name in sorted(record.annotators)))


def _answer(record: Record, annotator: str) -> Answer:
    own = [item for item in record.annotations if item.annotator == annotator]
    return Answer(
        annotator,
        as_xyxy([item.xyxy for item in own if item.kind == "person"]),
        as_xyxy([item.xyxy for item in own if item.kind == "dont_care"]),
    )


def without(answers: Answers, index: int) -> Answers:
    """The answers of all but one annotator."""
    return replace(answers, answers=answers.answers[:index] + answers.answers[index + 1 :])


def cluster(boxes: Sequence[FloatArray], least_iou: float = SAME_PERSON) -> tuple[Cluster, ...]:
    """Gather boxes that mean the same person: the most alike first, one box of each annotator.

    Two clusters become one if they share no annotator and *every* pair of their boxes overlaps
    enough, so that a crowd does not melt into one person.

    Args:
        boxes: by annotator, (N, 4) each.
        least_iou: overlap of boxes of one person.
    """
    owner = np.repeat(np.arange(len(boxes)), [len(own) for own in boxes])
    xyxy = np.concatenate([as_xyxy([]), *boxes])
    overlap = iou(xyxy, xyxy)
    members = {index: [index] for index in range(len(xyxy))}
    home = list(range(len(xyxy)))
    first, second = np.nonzero(np.triu(overlap >= least_iou, 1))
    for pair in np.argsort(-overlap[first, second], kind="stable"):
        one, two = home[first[pair]], home[second[pair]]
        if one == two or not _compatible(members[one], members[two], owner, overlap, least_iou):
            continue
        for index in members[two]:
            home[index] = one
        members[one] += members.pop(two)
    ordered = (sorted(group) for group in members.values())
    return tuple(Cluster(owner[group], xyxy[group]) for group in ordered)


def _compatible(
    one: list[int], two: list[int], owner: IntArray, overlap: FloatArray, least_iou: float
) -> bool:
    """Whether two clusters share no annotator, and all their boxes overlap."""
    shared = set(owner[one].tolist()) & set(owner[two].tolist())
    return not shared and bool((overlap[np.ix_(one, two)] >= least_iou).all())


def consensus(answers: Answers, quorum: int | None = None) -> Consensus:
    """The consensus by votes.

    Args:
        answers: of an image.
        quorum: votes that make a person; more than half of those who looked if absent.

    Raises:
        UsageError: a quorum of nobody, or of more than looked.
    """
    looked = len(answers.answers)
    if quorum is not None and not 1 <= quorum <= looked:
        raise UsageError(
            f"{answers.record.name}: expected a quorum of 1 to {looked} annotators, got {quorum}"
        )
    clusters = cluster([answer.people for answer in answers.answers])
    votes = np.array([len(one.boxes) for one in clusters], np.intp)
    needed = quorum or looked // 2 + 1
    return Consensus(
        answers=answers,
        clusters=clusters,
        xyxy=as_xyxy([np.median(one.boxes, axis=0) for one in clusters]),
        belief=votes / looked,
        accepted=votes >= needed,
        tied=(votes < needed) & (2 * votes == looked) if quorum is None else votes < 0,
        dont_care=_regions(answers),
    )


def _regions(answers: Answers) -> FloatArray:
    """Don't-care regions that at least half of the annotators drew."""
    found = cluster([answer.dont_care for answer in answers.answers])
    agreed = [one for one in found if 2 * len(one.boxes) >= len(answers.answers)]
    return as_xyxy([np.median(one.boxes, axis=0) for one in agreed])


def truth(agreed: Consensus) -> Record:
    """The image with one truth: agreed people, and don't-care regions where nobody can tell."""
    people = (Annotation(xyxy=_box(box)) for box in agreed.people)
    ties = (
        Annotation(xyxy=_box(box), kind="dont_care", reason="disputed")
        for box in agreed.xyxy[agreed.tied]
    )
    regions = (
        Annotation(xyxy=_box(box), kind="dont_care", reason="ignore") for box in agreed.dont_care
    )
    return replace(agreed.answers.record, annotations=(*people, *ties, *regions), annotators=())


def _box(xyxy: Iterable[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(float(side), 2) for side in xyxy)
    return left, top, right, bottom
