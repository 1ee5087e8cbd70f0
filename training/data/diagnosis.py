"""Has the network learnt by heart? The training data against the validation data, in words.

Whole, and condition by condition: a network may be fit for the day and know the night by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

from belisha.boxes import Boxes
from belisha.frames import Image
from training.data.coco import Dataset
from training.data.strata import SPREAD
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import detect
from training.evaluation.measurement import Estimate, measure

LOW = 0.5
"""AP50 on its own training data below which a network has not learnt them."""
GAP = 0.05
"""Difference in AP50 that matters."""
MIN_PEOPLE = 20
WHOLE = "everything"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found in one condition.

    Attributes:
        condition: such as `light=night`, or `everything`.
        train, validation: AP50.
        people: in train and in validation.
        gap: train less validation, with its 95 % interval; nothing where one is missing.
        verdict: `learnt by heart`, `not learnt`, `no gap seen`, `cannot tell` or
            `not enough data`.
    """

    condition: str
    train: Estimate
    validation: Estimate
    people: tuple[int, int]
    gap: Estimate
    verdict: str

    def __str__(self) -> str:
        if self.verdict == NOT_ENOUGH:
            few = min(self.people)
            return f"{self.condition}: not enough data ({few} people, {MIN_PEOPLE} are needed)"
        gap = f"{self.gap.value:+.2f} [{self.gap.low:+.2f}, {self.gap.high:+.2f}]"
        return (
            f"{self.condition}: {self.verdict}: AP50 {self.train.value:.2f} on training data, "
            f"{self.validation.value:.2f} on validation data, a gap of {gap}. "
            f"{_ADVICE[self.verdict]}"
        )


BY_HEART, NOT_LEARNT, NO_GAP, CANNOT_TELL, NOT_ENOUGH = (
    "learnt by heart",
    "not learnt",
    "no gap seen",
    "cannot tell",
    "not enough data",
)
_ADVICE = {
    BY_HEART: "More data of this kind or stronger augmentation will help, more training not.",
    NOT_LEARNT: "Longer training or a larger network will help; more data will not yet.",
    CANNOT_TELL: "The gap may be chance: measure on more images (--limit) or collect more.",
    NO_GAP: "What is missing is missing on both: a larger network, or better labels.",
}


def diagnose(
    detector: Callable[[Image], Boxes],
    train: Dataset,
    validation: Dataset,
    *,
    threshold: float,
    keys: Sequence[str] = (*SPREAD, "source"),
    resampling: Resampling | None = None,
) -> tuple[Finding, ...]:
    """Measure a detector on both, whole and by each condition that both have.

    Args:
        detector: as for `training.evaluation.evaluate.evaluate`.
        train: images that it was trained on.
        validation: images that it was not.
        threshold: any; average precision does not depend on it.
        keys: attributes whose values are conditions.
        resampling: for the intervals; of sequences where all images have one.
    """
    seen = [(data, detect(detector, data)) for data in (train, validation)]
    values = [
        {(key, sample.attributes.get(key, "")) for sample in data.samples for key in keys}
        for data, _ in seen
    ]
    shared = sorted(pair for pair in values[0] & values[1] if pair[1])
    findings = [_compare(WHOLE, seen, lambda _: True, threshold, resampling)]
    for key, value in shared:
        findings.append(
            _compare(
                f"{key}={value}",
                seen,
                lambda attributes, key=key, value=value: attributes.get(key) == value,
                threshold,
                resampling,
            )
        )
    return tuple(findings)


def _compare(
    condition: str,
    seen: Sequence[tuple[Dataset, Sequence[Boxes]]],
    belongs: Callable[..., bool],
    threshold: float,
    resampling: Resampling | None,
) -> Finding:
    measured = []
    for data, detections in seen:
        chosen = [i for i, sample in enumerate(data.samples) if belongs(sample.attributes)]
        part = Dataset(data.name, tuple(data.samples[index] for index in chosen))
        evaluation = measure(
            part,
            [detections[index] for index in chosen],
            threshold=threshold,
            min_heights=(0.0,),
            resampling=resampling or Resampling(count=300),
        )
        measured.append(evaluation.results[0])
    train, validation = measured
    people = (train.people, validation.people)
    gap = difference(train.ap50, validation.ap50)
    return Finding(
        condition=condition,
        train=train.ap50,
        validation=validation.ap50,
        people=people,
        gap=gap,
        verdict=judge(train.ap50, gap, people),
    )


def difference(first: Estimate, second: Estimate) -> Estimate:
    """The first less the second, of figures from different images: their errors are apart."""
    sides = (first.value, first.low, first.high, second.value, second.low, second.high)
    if any(side is None for side in sides):
        return Estimate(None, reason="a figure or its interval is missing")
    value, low, high, other, other_low, other_high = (float(side or 0.0) for side in sides)
    return Estimate(
        value - other,
        value - other - hypot(value - low, other_high - other),
        value - other + hypot(high - value, other - other_low),
    )


def judge(train: Estimate, gap: Estimate, people: tuple[int, int]) -> str:
    """What a gap means."""
    if gap.value is None or gap.low is None or train.value is None or min(people) < MIN_PEOPLE:
        return NOT_ENOUGH
    if gap.value > GAP and gap.low > 0:
        return BY_HEART
    if gap.value > GAP:
        return CANNOT_TELL
    return NOT_LEARNT if train.value < LOW else NO_GAP
