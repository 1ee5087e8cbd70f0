"""Average precision: ours equals faster-coco-eval equals pycocotools, whatever the scene."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belisha.boxes import Boxes
from tests.training.evaluation.truth import boxes, random_scene, ranking, sample, standing
from training.data.coco import Sample
from training.evaluation.average_precision import average_precision
from training.evaluation.coco_precision import coco_precision, detections_document, truth_document
from training.evaluation.ranking import every_image_once, rank, tally

MIN_HEIGHTS = (0.0, 20.0, 30.0, 50.0)


def own_precision(
    samples: Sequence[Sample], found: Sequence[Boxes], min_height: float, min_iou: float = 0.5
) -> float:
    ranked = rank(samples, found, min_height, min_iou)
    return float(average_precision(tally(ranked, every_image_once(ranked)))[0])


def oracle_precision(
    samples: Sequence[Sample], found: Sequence[Boxes]
) -> list[tuple[float, float]]:
    """AP50 and AP50-95 by height, from the COCO authors' own code."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, detections = COCO(), COCO()
    truth.dataset = truth_document(samples)
    detections.dataset = detections_document(samples, found)
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        detections.createIndex()
        evaluation = COCOeval(truth, detections, "bbox")
        evaluation.params.maxDets = [100]
        evaluation.params.areaRng = [[low, 1e9] for low in MIN_HEIGHTS]
        evaluation.params.areaRngLbl = [str(low) for low in MIN_HEIGHTS]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, 0, :, 0]
    heights = range(len(MIN_HEIGHTS))
    return [(precision[0, :, at].mean(), precision[:, :, at].mean()) for at in heights]


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_three_implementations_agree_by_height_with_dont_care_and_ties(seed: int) -> None:
    samples, found = random_scene(seed)
    oracle = oracle_precision(samples, found)
    for low, coco, (ap50, ap50_95) in zip(
        MIN_HEIGHTS, coco_precision(samples, found, MIN_HEIGHTS), oracle, strict=True
    ):
        own = own_precision(samples, found, low)
        if ap50 == -1:  # the oracle's word for 'there are no people'
            assert (coco.ap50, coco.ap50_95, np.isnan(own)) == (None, None, True)
            continue
        assert coco.ap50 == pytest.approx(ap50, abs=1e-5)
        assert coco.ap50_95 == pytest.approx(ap50_95, abs=1e-5)
        assert own == pytest.approx(ap50, abs=1e-5)


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_ours_agrees_at_every_overlap(seed: int) -> None:
    samples, found = random_scene(seed)
    (coco,) = coco_precision(samples, found, (0.0,))
    own = [own_precision(samples, found, 0, overlap) for overlap in np.linspace(0.5, 0.95, 10)]
    if coco.ap50_95 is not None:
        assert np.mean(own) == pytest.approx(coco.ap50_95, abs=1e-5)


@pytest.mark.parametrize(
    ("verdicts", "people", "expected"),
    [
        ("h", 1, 1.0),
        ("hf", 1, 1.0),  # a false alarm below the last hit costs nothing
        ("fh", 1, 0.5),
        ("h", 2, 51 / 101),  # recalls 0.00 to 0.50 are reached
        ("hfh", 2, (51 + 50 * 2 / 3) / 101),
        ("f", 1, 0.0),
        ("", 3, 0.0),
        ("f", 0, np.nan),  # nobody to find
        ("", 0, np.nan),
    ],
)
def test_average_precision_of_a_list_by_hand(verdicts: str, people: int, expected: float) -> None:
    ranked = ranking(verdicts, people, images=1)
    (value,) = average_precision(tally(ranked, every_image_once(ranked)))
    assert value == pytest.approx(expected, nan_ok=True)


NEAR, FAR = standing(60, left=20), standing(24, left=200)
EMPTY_ROAD = standing(60, left=120)


@pytest.mark.parametrize(
    ("found", "dont_care", "by_height"),
    [
        ([(NEAR, 0.9), (FAR, 0.8)], [], {0: 1.0, 50: 1.0}),
        ([(FAR, 0.9), (NEAR, 0.8)], [], {0: 1.0, 50: 1.0}),  # the small person is out of range
        ([(NEAR, 0.9)], [], {0: 51 / 101, 50: 1.0}),
        ([(EMPTY_ROAD, 0.9), (NEAR, 0.8)], [], {50: 0.5}),
        ([(standing(24, left=120), 0.9), (NEAR, 0.8)], [], {50: 1.0}),  # a small false alarm
        ([(EMPTY_ROAD, 0.9), (NEAR, 0.8)], [EMPTY_ROAD], {50: 1.0}),
        # the share of the *detection* inside the region decides, and any number may lie in it
        ([(EMPTY_ROAD, 0.9), (EMPTY_ROAD, 0.9), (NEAR, 0.8)], [(100, 0, 180, 200)], {50: 1.0}),
        ([((100, 10, 190, 70), 0.9), (NEAR, 0.8)], [EMPTY_ROAD], {50: 0.5}),
    ],
)
def test_what_counts_by_height_and_by_region(
    found: list[tuple[tuple[float, float, float, float], float]],
    dont_care: list[tuple[float, float, float, float]],
    by_height: dict[float, float],
) -> None:
    scene = [sample([NEAR, FAR], dont_care)], [boxes(*found)]
    for low, expected in by_height.items():
        (coco,) = coco_precision(*scene, (low,))
        assert coco.ap50 == pytest.approx(expected)
        assert own_precision(*scene, low) == pytest.approx(expected)


@pytest.mark.parametrize("top", [0, 0.1, 77.7, 1000.3])
def test_a_person_of_20_px_is_20_px_tall_wherever_they_stand(top: float) -> None:
    scene = [sample([standing(20, top=top)])], [boxes((standing(20, top=top), 0.9))]
    assert own_precision(*scene, 20) == 1
    (coco,) = coco_precision(*scene, (20.0,))
    assert coco.ap50 == pytest.approx(1)


def test_the_oracle_ignores_by_iscrowd_alone_so_dont_care_goes_there() -> None:
    document = truth_document([sample([NEAR], dont_care=[FAR])])
    assert [entry["iscrowd"] for entry in document["annotations"]] == [0, 1]
    assert [entry["area"] for entry in document["annotations"]] == [60, 24], "heights, not areas"
