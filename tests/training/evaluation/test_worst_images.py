"""The images that went wrong most, and the sheet that shows them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.boxes import Boxes
from tests.training.evaluation.truth import HEIGHT, WIDTH, Row, boxes, dataset, sample, standing
from training.data.coco import Sample
from training.evaluation.bootstrap import Resampling
from training.evaluation.contact_sheet import GREEN, GREY, ORANGE, RED, Colour, contact_sheet
from training.evaluation.measurement import measure
from training.evaluation.worst_images import ImageVerdict, judge, worst_images

NEAR, FAR = standing(120, left=100, top=60), standing(24, left=20, top=60)


def worst(*images: tuple[Sample, Boxes], count: int = 9) -> list[str]:
    samples, found = zip(*images, strict=True)
    evaluation = measure(
        dataset(*samples), found, threshold=0.5, min_heights=(0.0,), resampling=Resampling(count=0)
    )
    return [verdict.sample.name for verdict in worst_images(evaluation, count)]


def test_a_near_person_missed_is_worse_than_a_far_one_and_a_right_image_is_not_listed() -> None:
    images = [
        (sample([FAR], file_name="far missed.png"), Boxes.empty()),
        (sample([NEAR], file_name="right.png"), boxes((NEAR, 0.9))),
        (sample([NEAR], file_name="near missed.png"), boxes((NEAR, 0.4))),
        (sample(file_name="false alarm.png"), boxes((standing(60), 0.9))),
        (sample(dont_care=[NEAR], file_name="in a region.png"), boxes((NEAR, 0.9))),
    ]
    expected = ["near missed.png", "false alarm.png", "far missed.png"]
    assert worst(*images) == expected
    assert worst(*images, count=1) == expected[:1]


def test_a_verdict_sorts_people_and_detections() -> None:
    region = standing(60, left=250)
    verdict = judge(
        sample([NEAR, FAR], [region]),
        boxes((NEAR, 0.9), (region, 0.8), (standing(60, left=180), 0.7), (FAR, 0.3)),
        threshold=0.5,
    )
    assert verdict.found_people.tolist() == [list(NEAR)]
    assert verdict.missed_people.tolist() == [list(FAR)]
    assert [len(kind) for kind in (verdict.hits, verdict.false_alarms, verdict.excused)] == [1] * 3
    assert verdict.badness == pytest.approx((24 + 60) / HEIGHT)


def drawn(tmp_path: Path, people: list[Row], regions: list[Row], found: Boxes) -> np.ndarray:
    """The sheet of one image on a blue ground, (H, W, 3) BGR, without its header."""
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.full((HEIGHT, WIDTH, 3), (120, 60, 20), np.uint8))
    truth = sample(people, regions, file_name=str(picture))
    sheet = contact_sheet([judge(truth, found, threshold=0.5)], "a title")
    return cv2.imdecode(np.frombuffer(sheet, np.uint8), cv2.IMREAD_COLOR)[78:]


def share(picture: np.ndarray, colour: Colour) -> float:
    """How much of a picture is of about this colour; JPEG blurs."""
    distance = np.abs(picture.astype(int) - colour).max(axis=2)
    return float((distance < 40).mean())


@pytest.mark.parametrize(
    ("people", "regions", "found", "shown"),
    [
        ([NEAR], [], [(NEAR, 0.9)], {GREEN}),
        ([NEAR], [], [], {RED}),
        ([], [], [(NEAR, 0.9)], {ORANGE}),
        ([], [NEAR], [(NEAR, 0.9)], {GREY}),
        ([NEAR], [], [(NEAR, 0.4)], {RED}),  # below the threshold
    ],
)
def test_each_verdict_has_its_colour(
    tmp_path: Path,
    people: list[Row],
    regions: list[Row],
    found: list[tuple[Row, float]],
    shown: set[Colour],
) -> None:
    picture = drawn(tmp_path, people, regions, boxes(*found))[:480, 12:652]
    colours = {GREEN, RED, ORANGE, GREY}
    assert {colour for colour in colours if share(picture, colour) > 0.001} == shown


def test_boxes_lie_where_the_people_are(tmp_path: Path) -> None:
    """A 320x240 image is shown at twice its size, 12 pixels from the left."""
    picture = drawn(tmp_path, [NEAR], [], Boxes.empty())
    red = np.abs(picture.astype(int) - RED).max(axis=2) < 60
    red[:120] = False  # the label stands above the box
    rows, columns = np.nonzero(red)
    left, _, right, bottom = NEAR
    assert (columns.min(), columns.max()) == pytest.approx((12 + 2 * left, 12 + 2 * right), abs=4)
    assert rows.max() == pytest.approx(2 * bottom, abs=4)


def test_the_sheet_grows_by_rows_of_three_and_takes_any_size_and_name(tmp_path: Path) -> None:
    verdicts: list[ImageVerdict] = []
    for index, (width, height) in enumerate([(640, 480), (30, 900), (900, 30), (1, 1)]):
        picture = tmp_path / f"Straße {index} {'very ' * 20}long.png"
        cv2.imwrite(str(picture), np.zeros((height, width, 3), np.uint8))
        nothing = np.zeros((0, 4), np.float32), np.zeros(0, bool)
        truth = Sample(picture, width, height, *nothing, {"file_name": picture.name})
        verdicts.append(judge(truth, boxes(((-5, -5, 2000, 2000), 0.9)), threshold=0.5))
    sheet = cv2.imdecode(np.frombuffer(contact_sheet(verdicts, "sizes"), np.uint8), 1)
    assert sheet.shape[1] == 3 * 652 + 12
    assert sheet.shape[0] == 78 + (480 + 52 + 12) + (480 + 52 + 12)


def test_a_sheet_without_errors_says_so() -> None:
    sheet = cv2.imdecode(np.frombuffer(contact_sheet([], "all well"), np.uint8), 1)
    assert sheet.shape == (78, 3 * 652 + 12, 3)
