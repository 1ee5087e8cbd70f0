"""Close-ups of what changed: who was lost comes first, and both sides' boxes can be seen."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from belisha.boxes import Boxes
from export.parity.agreement import agree
from export.parity.pictures import changes, changes_sheet
from tests.training.drawn_street import draw_street
from tests.training.evaluation.truth import boxes, standing
from training.data.coco import read_coco
from training.evaluation.contact_sheet import GREEN, ORANGE

ONE, MOVED, OTHER = standing(40), standing(40, left=16), standing(40, left=100)


def test_the_surest_loss_comes_first_and_says_what_stands_there_instead(tmp_path: Path) -> None:
    reference = [boxes((ONE, 0.7)), boxes((ONE, 0.9), (OTHER, 0.8))]
    candidate = [boxes((MOVED, 0.6)), boxes((OTHER, 0.8))]
    agreement = agree(reference, candidate, threshold=0.5, hysteresis=0.05, min_iou=0.9)
    found = changes(agreement, reference, candidate, 10)
    assert [(one.kind, one.frame) for one in found] == [("lost", 1), ("lost", 0), ("new", 0)]
    assert [len(one.there) for one in found] == [0, 1, 1]
    assert len(changes(agreement, reference, candidate, 2)) == 2


def test_the_sheet_shows_boxes_of_both(tmp_path: Path) -> None:
    samples = read_coco(draw_street(tmp_path / "street", pictures=2)).samples
    reference, candidate = [boxes((ONE, 0.9)), Boxes.empty()], [boxes((MOVED, 0.8))] * 2
    agreement = agree(reference, candidate, threshold=0.5, hysteresis=0.05, min_iou=0.9)
    data = changes_sheet(changes(agreement, reference, candidate, 10), samples, "int8_cpu")
    sheet = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), int)
    assert sheet.shape == (370, 1360, 3)
    for colour in (GREEN, ORANGE):
        assert np.count_nonzero((np.abs(sheet - colour) < 40).all(axis=2)) > 200
