"""Raw outputs become boxes: each head equals a plain loop, each malformed output is an error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.boxes import FloatArray
from belisha.calibration import Calibration
from belisha.decode import Decoder, HeadLayout, cell_grid
from belisha.errors import EngineError
from belisha.frames import Preprocessing

INPUT = Preprocessing(width=40, height=24)
KEEP_ALL: dict[str, Any] = {"nms_iou": 1.0, "max_boxes": 1000, "max_candidates": 1000}
DISTANCES = HeadLayout(boxes="distances", scores="logit", strides=(8, 16), **KEEP_ALL)
BINS = HeadLayout(boxes="bins", scores="probability", strides=(8, 16), bins=5, **KEEP_ALL)
CXCYWH = HeadLayout(boxes="cxcywh", scores="probability", **KEEP_ALL)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def plain_cells(layout: HeadLayout, width: int, height: int) -> list[tuple[float, float, int]]:
    """Centre x, centre y and stride of each cell, in the order of a model's outputs."""
    cells = []
    for stride in layout.strides:
        for row in range(-(-height // stride)):
            for column in range(-(-width // stride)):
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                cells.append((x + layout.centre_offset, y + layout.centre_offset, stride))
    return cells


def plain_distance(layout: HeadLayout, raw: Sequence[float]) -> float:
    """One side's distance in strides."""
    if layout.boxes == "distances":
        return math.log1p(math.exp(raw[0]))
    weights = [math.exp(number) for number in raw]
    return sum(index * weight for index, weight in enumerate(weights)) / sum(weights)


def plain_boxes(layout: HeadLayout, raw: FloatArray) -> list[list[float]]:
    """(N, 4 * k) raw numbers -> the box of each cell."""
    if layout.boxes == "cxcywh":
        return [[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y, w, h in raw.tolist()]
    boxes = []
    for (x, y, stride), numbers in zip(plain_cells(layout, 40, 24), raw.tolist(), strict=True):
        size = len(numbers) // 4
        sides = [plain_distance(layout, numbers[i * size : (i + 1) * size]) for i in range(4)]
        left, top, right, bottom = (side * stride for side in sides)
        boxes.append([x - left, y - top, x + right, y + bottom])
    return boxes


def outputs_of(layout: HeadLayout, seed: int) -> dict[str, FloatArray]:
    """Random outputs of the shapes that a layout asks for; no two scores equal, none round."""
    rng = np.random.default_rng(seed)
    count = len(plain_cells(layout, 40, 24)) or 30
    scores = (rng.permutation(count) + 0.3) / count
    if layout.scores == "logit":
        scores = (scores - 0.5) * 8
    raw = rng.normal(size=(1, count, 4 * max(layout.bins, 1))).astype(np.float32) * 3
    if layout.boxes == "cxcywh":
        raw = np.abs(raw) * 10
    return {"scores": scores.reshape(1, -1, 1).astype(np.float32), "boxes": raw}


LAYOUTS = [
    pytest.param(DISTANCES, id="distances"),
    pytest.param(replace(DISTANCES, centre_offset=-0.5), id="distances, shifted"),
    pytest.param(replace(DISTANCES, scores="probability"), id="distances, probability"),
    pytest.param(BINS, id="bins"),
    pytest.param(replace(BINS, bins=2, scores="logit"), id="two bins, logit"),
    pytest.param(CXCYWH, id="cxcywh"),
    pytest.param(replace(CXCYWH, scores="logit"), id="cxcywh, logit"),
]


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_head_equals_the_plain_loop(layout: HeadLayout, threshold: float) -> None:
    for seed in range(5):
        outputs = outputs_of(layout, seed)
        found = Decoder(layout, INPUT)(outputs, threshold)
        probabilities = [
            sigmoid(score) if layout.scores == "logit" else score
            for score in outputs["scores"].ravel().tolist()
        ]
        boxes = plain_boxes(layout, outputs["boxes"][0])
        expected = sorted(
            (pair for pair in zip(probabilities, boxes, strict=True) if pair[0] >= threshold),
            key=lambda pair: -pair[0],
        )
        np.testing.assert_allclose(found.scores, [p for p, _ in expected], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(found.xyxy, [box for _, box in expected], rtol=1e-4, atol=1e-3)
        assert found.xyxy.dtype == found.scores.dtype == np.float32


def one_cell(score: float, boxes: Sequence[float] = (20, 12, 8, 8)) -> dict[str, FloatArray]:
    """Outputs of a single cell."""
    size = len(boxes)
    return {
        "scores": np.full((1, 1, 1), score, np.float32),
        "boxes": np.array(boxes, np.float32).reshape(1, 1, size),
    }


@pytest.mark.parametrize(
    ("kind", "score", "threshold", "reported"),
    [
        ("probability", 0.0, 0.0, True),  # 0 lets everything through
        ("probability", 0.5, 0.5, True),  # the threshold itself counts
        ("probability", 0.49999, 0.5, False),
        ("probability", 1.0, 1.0, True),
        ("probability", 0.99999, 1.0, False),
        ("logit", -100.0, 0.0, True),
        ("logit", 0.0, 0.5, True),
        ("logit", -0.0001, 0.5, False),
        ("logit", 100.0, 1.0, False),  # no finite logit is certain
        ("logit", 100.0, 0.999999, True),
    ],
)
def test_the_threshold(kind: Any, score: float, threshold: float, reported: bool) -> None:
    decode = Decoder(replace(CXCYWH, scores=kind), INPUT)
    assert len(decode(one_cell(score), threshold)) == reported


@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_calibration_changes_what_scores_say_and_nothing_else(kind: Any) -> None:
    layout = replace(DISTANCES, scores=kind, nms_iou=0.6)
    calibrated = replace(layout, calibration=Calibration(temperature=0.5, offset=-0.7))
    for seed in range(5):
        outputs = outputs_of(layout, seed)
        before = Decoder(layout, INPUT)(outputs, 0.3)
        own = before.scores.astype(np.float64)
        expected = [sigmoid((math.log(score / (1 - score)) + 0.7) / 0.5) for score in own]
        after = Decoder(calibrated, INPUT)(outputs, calibrated.calibration.score_of(0.3))
        assert after.xyxy.tolist() == before.xyxy.tolist()
        np.testing.assert_allclose(after.scores, expected, rtol=1e-4)


@given(st.floats(-100, 100, width=32), st.floats(0.01, 0.99))
def test_a_reported_score_is_at_least_the_threshold(logit: float, threshold: float) -> None:
    found = Decoder(replace(CXCYWH, scores="logit"), INPUT)(one_cell(logit), threshold)
    assert (found.scores >= threshold - 1e-6).all()
    if sigmoid(logit) > threshold + 1e-6:
        assert len(found) == 1


@pytest.mark.parametrize(("logit", "score"), [(-100, 0.0), (100, 1.0), (0, 0.5)])
def test_extreme_logits_are_certain_and_do_not_overflow(logit: float, score: float) -> None:
    found = Decoder(replace(CXCYWH, scores="logit"), INPUT)(one_cell(logit), 0.0)
    assert found.scores.tolist() == pytest.approx([score], abs=1e-40)


@pytest.mark.parametrize(
    ("raw", "strides"),
    [
        (-100.0, 0.0),  # softplus vanishes
        (100.0, 100.0),  # and becomes the identity
        (0.0, math.log(2)),
    ],
)
def test_extreme_distances_do_not_overflow(raw: float, strides: float) -> None:
    layout = HeadLayout(boxes="distances", scores="probability", strides=(40,))
    outputs = one_cell(1.0, [raw] * 4)
    (box,) = Decoder(layout, INPUT)(outputs, 0.5).xyxy.tolist()
    reach = strides * 40
    assert box == pytest.approx([20 - reach, 20 - reach, 20 + reach, 20 + reach], rel=1e-6)


@pytest.mark.parametrize(
    ("logits", "mean"),
    [
        ([0, 0, 0, 0, 0], 2.0),  # no idea: the middle
        ([100, -100, -100, -100, -100], 0.0),
        ([-100, -100, -100, -100, 100], 4.0),
        ([-100, -100, 100, 100, -100], 2.5),  # between two bins
    ],
)
def test_extreme_bins_do_not_overflow(logits: list[float], mean: float) -> None:
    layout = HeadLayout(boxes="bins", scores="probability", strides=(40,), bins=5)
    (box,) = Decoder(layout, INPUT)(one_cell(1.0, logits * 4), 0.5).xyxy.tolist()
    reach = mean * 40
    assert box == pytest.approx([20 - reach, 20 - reach, 20 + reach, 20 + reach], abs=1e-4)


def many(count: int) -> dict[str, FloatArray]:
    """Cells in a row whose boxes do not touch; the best cell is the last."""
    boxes = np.array([(20 * i, 0, 10, 10) for i in range(count)], np.float32)
    scores = np.linspace(0.5, 0.9, count, dtype=np.float32)
    return {"scores": scores.reshape(1, -1, 1), "boxes": boxes.reshape(1, -1, 4)}


def test_the_best_candidates_are_kept() -> None:
    layout = replace(CXCYWH, max_candidates=7, max_boxes=7)
    found = Decoder(layout, INPUT)(many(50), 0.1)
    assert found.scores.tolist() == many(50)["scores"].ravel()[:-8:-1].tolist()


def test_the_best_boxes_are_kept() -> None:
    layout = replace(CXCYWH, max_candidates=20, max_boxes=3)
    found = Decoder(layout, INPUT)(many(50), 0.1)
    assert found.scores.tolist() == many(50)["scores"].ravel()[:-4:-1].tolist()


def test_of_equal_candidates_the_first_cells_are_kept() -> None:
    outputs = many(50)
    outputs["scores"][:] = 0.5
    found = Decoder(replace(CXCYWH, max_candidates=4, max_boxes=4), INPUT)(outputs, 0.1)
    assert found.xyxy[:, 0].tolist() == [-5, 15, 35, 55]


def test_doubles_are_suppressed() -> None:
    boxes = np.array([[(20, 12, 8, 8), (20, 12, 8, 9), (50, 12, 8, 8)]], np.float32)
    scores = np.array([0.6, 0.9, 0.7], np.float32).reshape(1, 3, 1)
    found = Decoder(replace(CXCYWH, nms_iou=0.6), INPUT)({"scores": scores, "boxes": boxes}, 0.1)
    assert found.scores.tolist() == pytest.approx([0.9, 0.7])


def test_nothing_above_the_threshold_is_no_boxes() -> None:
    assert len(Decoder(CXCYWH, INPUT)(many(50), 0.95)) == 0


def test_outputs_are_left_as_they_were() -> None:
    outputs = outputs_of(BINS, 0)
    before = {name: array.copy() for name, array in outputs.items()}
    Decoder(BINS, INPUT)(outputs, 0.1)
    assert all((outputs[name] == array).all() for name, array in before.items())


@pytest.mark.parametrize(
    ("width", "height", "strides", "count"),
    [
        (64, 48, (8,), 48),
        (64, 48, (8, 16), 60),
        (65, 49, (8,), 63),  # a cut cell is a cell
        (40, 24, (8, 16, 32), 15 + 6 + 2),
        (1, 1, (32,), 1),
        (37, 11, (3, 7), 13 * 4 + 6 * 2),
    ],
)
def test_cells_stand_row_by_row_stride_by_stride(
    width: int, height: int, strides: tuple[int, ...], count: int
) -> None:
    layout = HeadLayout(boxes="distances", scores="logit", strides=strides, centre_offset=0.25)
    centres, sizes = cell_grid(layout, Preprocessing(width=width, height=height))
    assert len(centres) == count
    cells = [(*centre, stride) for centre, stride in zip(centres.tolist(), sizes, strict=True)]
    assert cells == plain_cells(layout, width, height)
    assert centres.dtype == sizes.dtype == np.float32


SCORES, BOXES = np.zeros((1, 21, 1), np.float32), np.zeros((1, 21, 4), np.float32)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({}, r"expected outputs \['scores', 'boxes'\], got \[\]"),
        ({"scores": SCORES}, r"got \['scores'\]"),
        ({"cls": SCORES, "reg": BOXES}, r"got \['cls', 'reg'\]: the model and the head layout"),
        ({"scores": SCORES[:, 1:], "boxes": BOXES}, r"got \(1, 20, 1\) and \(1, 21, 4\)"),
        ({"scores": SCORES, "boxes": BOXES[:, 1:]}, r"got \(1, 21, 1\) and \(1, 20, 4\)"),
        ({"scores": SCORES, "boxes": BOXES[..., 1:]}, r"got \(1, 21, 1\) and \(1, 21, 3\)"),
        ({"scores": SCORES[0], "boxes": BOXES}, r"got \(21, 1\) and \(1, 21, 4\)"),
        ({"scores": SCORES.ravel(), "boxes": BOXES}, r"got \(21,\) and \(1, 21, 4\)"),
        ({"scores": np.float32(0), "boxes": BOXES}, r"got \(\) and \(1, 21, 4\)"),
        ({"scores": SCORES.repeat(80, 2), "boxes": BOXES}, r"got \(1, 21, 80\) and"),
    ],
)
@pytest.mark.parametrize("layout", [DISTANCES, CXCYWH], ids=["distances", "cxcywh"])
def test_outputs_that_do_not_fit_the_layout_are_an_error(
    layout: HeadLayout, outputs: dict[str, FloatArray], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        Decoder(layout, INPUT)(outputs, 0.5)


def test_a_promised_embedding_must_come() -> None:
    with pytest.raises(EngineError, match=r"expected outputs \['scores', 'boxes', 'embeddings'\]"):
        Decoder(replace(DISTANCES, embedding=16), INPUT)({"scores": SCORES, "boxes": BOXES}, 0.5)


def test_scores_that_are_not_numbers_are_an_error_not_an_empty_street() -> None:
    with pytest.raises(EngineError, match="expected scores, got NaN"):
        Decoder(CXCYWH, INPUT)(one_cell(float("nan")), 0.5)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e30])
@pytest.mark.parametrize("layout", [DISTANCES, BINS, CXCYWH], ids=["distances", "bins", "cxcywh"])
def test_boxes_that_are_not_numbers_are_an_error(layout: HeadLayout, number: float) -> None:
    outputs = outputs_of(layout, 0)
    outputs["boxes"][0, 7, 2] = number
    with pytest.raises(EngineError, match="expected boxes, got NaN, infinite or absurd numbers"):
        Decoder(layout, INPUT)(outputs, 0.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strides": ()}, "expected strides for 'distances' and 'bins', none for 'cxcywh'"),
        ({"boxes": "cxcywh"}, "expected strides for 'distances' and 'bins', none for 'cxcywh'"),
        ({"strides": (8, 0)}, r"strides of at least 1 pixel, got \(8, 0\)"),
        ({"bins": 8}, "expected bins >= 2 for 'bins' and 0 otherwise, got 8"),
        ({"boxes": "bins"}, "expected bins >= 2 for 'bins' and 0 otherwise, got 0"),
        ({"boxes": "bins", "bins": 1}, "got 1"),
        ({"nms_iou": 0.0}, "expected 0 < nms_iou <= 1, got 0.0"),
        ({"nms_iou": 1.1}, "expected 0 < nms_iou <= 1, got 1.1"),
        ({"max_boxes": 0}, "1 <= max_boxes <= max_candidates <= 10000"),
        ({"max_boxes": 1001}, "1 <= max_boxes <= max_candidates <= 10000"),
        ({"max_candidates": 10_001}, "1 <= max_boxes <= max_candidates <= 10000"),
        ({"embedding": -1}, "embedding length >= 0, got -1"),
    ],
)
def test_a_layout_without_sense_says_so(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DISTANCES, **changes)
