"""One measurement: what is known, how sure it is, and why a figure is missing."""

from __future__ import annotations

import json

import pytest

from belisha.boxes import Boxes
from belisha.errors import UsageError
from tests.training.evaluation.truth import boxes, dataset, random_scene, sample, standing
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.measurement import Evaluation, measure
from training.evaluation.report import document, table

PERSON, REGION = standing(60), standing(60, left=200)


def measured(
    data: Dataset, *found: Boxes, threshold: float = 0.5, resampling: Resampling | None = None
) -> Evaluation:
    return measure(
        data,
        found,
        threshold=threshold,
        min_heights=(0.0, 50.0),
        resampling=resampling or Resampling(count=50),
    )


def test_figures_at_the_threshold_count_hits_misses_and_false_alarms() -> None:
    data = dataset(sample([PERSON, standing(24, left=100)]), sample([PERSON]))
    first = boxes((PERSON, 0.9), (standing(90, left=150), 0.6), (standing(90, left=250), 0.4))
    everybody, tall = measured(data, first, Boxes.empty()).results
    assert (everybody.people, tall.people) == (3, 2)
    assert everybody.precision.value == 1 / 2
    assert everybody.recall.value == pytest.approx(1 / 3)
    assert tall.recall.value == 1 / 2
    assert everybody.false_positives_per_image.value == 1 / 2


def test_a_score_that_equals_the_threshold_counts() -> None:
    (result, _) = measured(dataset(sample([PERSON])), boxes((PERSON, 0.3)), threshold=0.3).results
    assert result.recall.value == 1


@pytest.mark.parametrize(
    ("people", "regions", "found", "expected"),
    [
        # nobody, nothing detected
        ([], [], [], {"ap50": None, "miss_rate": None, "precision": None, "recall": None}),
        # nobody, a false alarm
        ([], [], [PERSON], {"ap50": None, "miss_rate": None, "precision": 0, "recall": None}),
        # only a don't-care region, and a detection in it
        ([], [REGION], [REGION], {"ap50": None, "precision": None, "recall": None}),
        # somebody, nothing detected
        ([PERSON], [], [], {"ap50": 0, "miss_rate": 1, "precision": None, "recall": 0}),
        ([PERSON], [REGION], [REGION], {"ap50": 0, "miss_rate": 1, "precision": None}),
        ([PERSON], [], [PERSON], {"ap50": 1, "miss_rate": 1e-10, "precision": 1, "recall": 1}),
    ],
)
def test_a_figure_that_does_not_exist_is_null_with_a_reason(
    people: list[tuple[float, float, float, float]],
    regions: list[tuple[float, float, float, float]],
    found: list[tuple[float, float, float, float]],
    expected: dict[str, float | None],
) -> None:
    detections = boxes(*((box, 0.9) for box in found))
    evaluation = measured(dataset(sample(people, regions)), detections)
    record = json.loads(json.dumps(document(evaluation), allow_nan=False))
    result = record["results"][0]
    assert {name: result[name]["value"] for name in expected} == pytest.approx(expected)
    for name, value in expected.items():
        if value is None:
            assert result[name]["reason"] in (
                "no people of this height",
                "no detection at the threshold",
            )
    assert table(evaluation)


def test_the_interval_holds_the_value_and_is_the_same_again() -> None:
    samples, found = random_scene(7, images=60)
    first, again = (measured(dataset(*samples), *found) for _ in range(2))
    for name in ("ap50", "miss_rate", "precision", "recall", "false_positives_per_image"):
        estimate = getattr(first.results[0], name)
        assert estimate.low <= estimate.value <= estimate.high, name
        assert estimate.low < estimate.high, name
        assert estimate == getattr(again.results[0], name), name


@pytest.mark.parametrize(
    ("resampling", "reason"),
    [
        (Resampling(count=0), "no resamples were asked for"),
        (Resampling(group="sequence"), "only one sequence to draw from"),
    ],
)
def test_there_may_be_no_interval_but_never_without_a_reason(
    resampling: Resampling, reason: str
) -> None:
    data = dataset(*(sample([PERSON], sequence="north") for _ in range(3)))
    evaluation = measured(data, *[boxes((PERSON, 0.9))] * 3, resampling=resampling)
    ap50 = evaluation.results[0].ap50
    assert (ap50.value, ap50.low, ap50.high) == (pytest.approx(1), None, None)
    assert ap50.reason == reason
    assert f"no intervals: {reason}" in table(evaluation)


@pytest.mark.parametrize(("people", "enough"), [(19, False), (20, True)])
def test_fewer_than_20_people_are_not_enough_data(people: int, enough: bool) -> None:
    data = dataset(*(sample([PERSON]) for _ in range(people)))
    evaluation = measured(data, *[boxes((PERSON, 0.9))] * people)
    assert evaluation.results[0].enough_data is enough
    assert document(evaluation)["results"][0]["enough_data"] is enough
    assert ("not enough data" in table(evaluation)) is not enough


def test_the_table_says_what_the_intervals_are_worth() -> None:
    samples, found = random_scene(7, images=30)
    text = table(measured(dataset(*samples), *found))
    assert "95% interval, bootstrap by image, 50 resamples, seed 0" in text
    assert "images of one drive are alike" in text
    assert ">= 50 px" in text


@pytest.mark.parametrize("threshold", [0, 1, -0.1, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match="expected a threshold between 0 and 1"):
        measured(dataset(sample()), Boxes.empty(), threshold=threshold)
