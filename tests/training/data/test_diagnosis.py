"""The diagnosis: learnt by heart, not learnt, no gap, or not enough data."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.frames import Image
from training.data.coco import Dataset, Sample
from training.data.diagnosis import (
    BY_HEART,
    CANNOT_TELL,
    NO_GAP,
    NOT_ENOUGH,
    NOT_LEARNT,
    diagnose,
    difference,
    judge,
)
from training.evaluation.measurement import Estimate

PERSON = (10.0, 10.0, 30.0, 50.0)
KNOWN, UNKNOWN = 200, 60


def dataset(folder: Path, name: str, light: str, count: int, grey: int) -> tuple[Sample, ...]:
    """Pictures of one grey with a person each."""
    samples = []
    for index in range(count):
        path = folder / f"{name}{light}{index}.png"
        assert cv2.imwrite(str(path), np.full((64, 64, 3), grey, np.uint8))
        attributes = {"file_name": path.name, "light": light}
        samples.append(Sample(path, 64, 64, as_xyxy([PERSON]), np.zeros(1, bool), attributes))
    return tuple(samples)


def knows_by_heart(image: Image) -> Boxes:
    """Finds the person in pictures of the grey that it has learnt."""
    if image[0, 0, 0] != KNOWN:
        return Boxes.empty()
    return Boxes(as_xyxy([PERSON]), np.ones(1, np.float32))


def test_a_night_known_by_heart_is_named_and_the_day_is_not(tmp_path: Path) -> None:
    train = (
        *dataset(tmp_path, "t", "day", 30, KNOWN),
        *dataset(tmp_path, "t", "night", 30, KNOWN),
    )
    validation = (
        *dataset(tmp_path, "v", "day", 30, KNOWN),
        *dataset(tmp_path, "v", "night", 30, UNKNOWN),
    )
    findings = diagnose(
        knows_by_heart, Dataset("train", train), Dataset("validation", validation), threshold=0.5
    )
    verdicts = {finding.condition: finding.verdict for finding in findings}
    assert verdicts == {"everything": BY_HEART, "light=day": NO_GAP, "light=night": BY_HEART}
    night = next(str(finding) for finding in findings if finding.condition == "light=night")
    assert night.startswith("light=night: learnt by heart: AP50 1.00 on training data, 0.00 on")
    assert "More data" in night


def test_few_people_give_no_verdict(tmp_path: Path) -> None:
    few = Dataset("few", dataset(tmp_path, "f", "day", 5, KNOWN))
    (whole, day) = diagnose(knows_by_heart, few, few, threshold=0.5)
    assert whole.verdict == day.verdict == NOT_ENOUGH
    assert str(whole) == "everything: not enough data (5 people, 20 are needed)"


@pytest.mark.parametrize(
    ("train", "gap", "people", "verdict"),
    [
        (0.9, (0.3, 0.1, 0.5), (99, 99), BY_HEART),
        (0.9, (0.3, -0.1, 0.7), (99, 99), CANNOT_TELL),  # may be chance
        (0.9, (0.03, 0.01, 0.05), (99, 99), NO_GAP),  # does not matter
        (0.3, (0.03, -0.01, 0.07), (99, 99), NOT_LEARNT),
        (0.9, (0.3, 0.1, 0.5), (99, 19), NOT_ENOUGH),
    ],
)
def test_verdicts(
    train: float, gap: tuple[float, float, float], people: tuple[int, int], verdict: str
) -> None:
    assert judge(Estimate(train), Estimate(*gap), people) == verdict


def test_the_interval_of_a_difference_joins_both() -> None:
    found = difference(Estimate(0.8, 0.77, 0.83), Estimate(0.5, 0.46, 0.54))
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.25, 0.35))
    assert difference(Estimate(0.8), Estimate(0.5, 0.4, 0.6)).value is None
