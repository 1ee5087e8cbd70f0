"""A detector beside people: at their own false positives per image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.errors import DatasetError
from training.data.coco import Dataset, Sample
from training.data.human_line import SCHEMA, HumanLine, HumanResult, Rate
from training.evaluation.beside_humans import beside_humans
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import Evaluation, measure

PERSON = (10.0, 10.0, 30.0, 50.0)
NOBODY = (40.0, 10.0, 60.0, 50.0)


def line(false_positives: float | None, names: tuple[str, ...]) -> HumanLine:
    """People who miss one in ten."""
    result = HumanResult(
        annotator="all",
        images=len(names),
        people=len(names),
        miss_rate=Rate(0.1, 0.05, 0.15),
        false_positives_per_image=Rate(false_positives),
        f1=Rate(0.9),
    )
    return HumanLine(schema=SCHEMA, origin="made up", names=names, all=result, annotators=())


def evaluation(images: int = 10) -> Evaluation:
    """The n-th image: its person with a score that falls, a false alarm with one that rises."""
    samples = []
    found = []
    for index in range(images):
        attributes = {"file_name": f"{index}.png"}
        truth = as_xyxy([PERSON])
        samples.append(Sample(Path(f"{index}.png"), 64, 64, truth, np.zeros(1, bool), attributes))
        scores = np.array([0.95 - 0.05 * index, 0.05 + 0.05 * index], np.float32)
        order = np.argsort(-scores)
        found.append(Boxes(as_xyxy([PERSON, NOBODY])[order], scores[order]))
    return measure(
        Dataset("made up", tuple(samples)),
        found,
        threshold=0.5,
        min_heights=(0.0,),
        resampling=Resampling(count=50),
    )


NAMES = tuple(f"{index}.png" for index in range(10))


@pytest.mark.parametrize(
    ("false_positives", "missed"),
    [(0.0, 0.0), (1.0, 0.0)],
)
def test_who_finds_everybody_before_a_false_alarm_misses_nobody(
    false_positives: float, missed: float
) -> None:
    found = beside_humans(evaluation(10), line(false_positives, NAMES))
    assert found.detector.value == pytest.approx(missed)
    assert (found.images, found.people) == (10, 10)


def test_more_false_alarms_buy_fewer_misses() -> None:
    rates = [
        beside_humans(evaluation(16), line(rate, tuple(f"{n}.png" for n in range(16)))).detector
        for rate in (0.0, 0.2, 0.4)
    ]
    values = [rate.value for rate in rates if rate.value is not None]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]
    assert all(rate.low is not None and rate.low <= rate.value <= rate.high for rate in rates)  # type: ignore[operator]


def test_only_images_that_people_saw_count() -> None:
    found = beside_humans(evaluation(), line(0.0, NAMES[:3]))
    assert (found.images, found.people) == (3, 3)
    assert "people: miss rate 0.100 [0.05, 0.15] at 0.000 false positives per image" in str(found)


def test_a_line_of_other_images_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"got one of others, such as x\.png"):
        beside_humans(evaluation(), line(0.1, ("x.png",)))
