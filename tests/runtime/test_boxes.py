"""Geometry on boxes agrees with plain loops that anyone can check by eye."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.boxes import (
    Boxes,
    FloatArray,
    area,
    as_xyxy,
    clip,
    cxcywh_to_xyxy,
    intersection,
    ioa,
    iou,
    suppress,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from tests.strategies import float_boxes, grid_boxes


def plain_area(box: FloatArray) -> Fraction:
    left, top, right, bottom = (Fraction(float(side)) for side in box)
    return max(right - left, Fraction(0)) * max(bottom - top, Fraction(0))


def plain_intersection(a: FloatArray, b: FloatArray) -> Fraction:
    return plain_area(np.array([*np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])]))


def plain_iou(a: FloatArray, b: FloatArray) -> Fraction:
    shared = plain_intersection(a, b)
    union = plain_area(a) + plain_area(b) - shared
    return shared / union if union else Fraction(0)


def plain_suppress(boxes: FloatArray, scores: list[float], max_iou: float, limit: int) -> list[int]:
    """Walk from the best box downwards, keep what overlaps nothing kept so far."""
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if len(kept) < limit and all(plain_iou(boxes[index], boxes[k]) <= max_iou for k in kept):
            kept.append(index)
    return kept


@given(grid_boxes(), grid_boxes())
def test_overlaps_equal_exact_fractions(first: FloatArray, second: FloatArray) -> None:
    for measured, plain in (
        (intersection(first, second), plain_intersection),
        (iou(first, second), plain_iou),
    ):
        assert measured.shape == (len(first), len(second))
        expected = [[float(plain(a, b)) for b in second] for a in first]
        np.testing.assert_allclose(measured, np.reshape(expected, measured.shape), rtol=1e-6)


@given(grid_boxes(), grid_boxes())
def test_ioa_is_the_share_of_the_first_box_that_lies_in_the_second(
    first: FloatArray, second: FloatArray
) -> None:
    shares = ioa(first, second)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            own = plain_area(a)
            expected = float(plain_intersection(a, b) / own) if own else 0.0
            assert shares[i, j] == pytest.approx(expected, rel=1e-6)


@given(float_boxes(), float_boxes())
def test_iou_is_symmetric_and_a_share(first: FloatArray, second: FloatArray) -> None:
    overlap = iou(first, second)
    assert ((overlap >= 0) & (overlap <= 1 + 1e-4)).all()
    np.testing.assert_allclose(overlap, iou(second, first).T, rtol=1e-5)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0, 0, 1, 1), 1),  # exactly the first pixel
        ((2, 3, 5, 7), 12),
        ((5, 5, 5, 9), 0),  # no width
        ((5, 5, 5, 5), 0),  # a point
        ((9, 0, 1, 4), 0),  # inverted in x
        ((9, 9, 1, 1), 0),  # inverted in both: not minus times minus
    ],
)
def test_area(box: tuple[float, ...], expected: float) -> None:
    assert area(as_xyxy([box])).tolist() == [expected]


@pytest.mark.parametrize(
    "box",
    [(5, 5, 5, 5), (5, 0, 5, 9), (9, 9, 1, 1)],
    ids=["a point", "a line", "inverted"],
)
def test_a_degenerate_box_overlaps_nothing_not_even_itself(box: tuple[float, ...]) -> None:
    degenerate, whole = as_xyxy([box]), as_xyxy([(0, 0, 10, 10)])
    for pair in ((degenerate, degenerate), (degenerate, whole), (whole, degenerate)):
        assert iou(*pair).tolist() == [[0]]
        assert ioa(*pair).tolist() == [[0]]


def test_boxes_that_touch_do_not_overlap() -> None:
    assert iou(as_xyxy([(0, 0, 4, 4)]), as_xyxy([(4, 0, 8, 4)])).tolist() == [[0]]


@given(grid_boxes(side=1000))
def test_formats_lead_back_to_where_they_came_from(xyxy: FloatArray) -> None:
    assert (xywh_to_xyxy(xyxy_to_xywh(xyxy)) == xyxy).all()
    sides = xyxy[:, 2:] - xyxy[:, :2]
    cxcywh = np.concatenate([xyxy[:, :2] + sides / 2, sides], axis=1)
    assert (cxcywh_to_xyxy(cxcywh) == xyxy).all()


def test_formats_by_example() -> None:
    xyxy = as_xyxy([(10, 20, 40, 80)])
    assert xyxy_to_xywh(xyxy).tolist() == [[10, 20, 30, 60]]
    assert xywh_to_xyxy(as_xyxy([(10, 20, 30, 60)])).tolist() == xyxy.tolist()
    assert cxcywh_to_xyxy(as_xyxy([(25, 50, 30, 60)])).tolist() == xyxy.tolist()


@pytest.mark.parametrize("convert", [xywh_to_xyxy, xyxy_to_xywh, cxcywh_to_xyxy])
def test_no_boxes_convert_to_no_boxes(convert: Callable[[FloatArray], FloatArray]) -> None:
    converted = convert(as_xyxy([]))
    assert converted.shape == (0, 4)
    assert converted.dtype == np.float32


@given(float_boxes(), st.integers(1, 500), st.integers(1, 500))
def test_clipped_boxes_lie_in_the_frame_and_clipping_twice_changes_nothing(
    xyxy: FloatArray, width: int, height: int
) -> None:
    cut = clip(xyxy, width, height)
    assert cut.dtype == np.float32
    assert (cut >= 0).all()
    assert (cut <= [width, height, width, height]).all()
    assert (clip(cut, width, height) == cut).all()
    inside = (xyxy >= 0).all(axis=1) & (xyxy <= [width, height, width, height]).all(axis=1)
    assert (cut[inside] == xyxy[inside]).all()


@given(
    boxes=grid_boxes(),
    data=st.data(),
    max_iou=st.sampled_from([0.125, 0.25, 0.5, 0.75, 1.0]),
    limit=st.integers(1, 9),
)
def test_suppression_equals_the_plain_loop(
    boxes: FloatArray, data: st.DataObject, max_iou: float, limit: int
) -> None:
    size = len(boxes)
    scores = data.draw(st.lists(st.sampled_from([0.2, 0.4, 0.6]), min_size=size, max_size=size))
    kept = suppress(boxes, np.array(scores, np.float32), max_iou, limit)
    assert kept.tolist() == plain_suppress(boxes, scores, max_iou, limit)


@pytest.mark.parametrize(
    ("max_iou", "kept"),
    [
        (0.4, [1, 2]),  # the weaker of the first two overlaps by a half: dropped
        (0.5, [1, 0, 2]),  # exactly the limit is not more than the limit
        (1.0, [1, 0, 2]),  # 1 keeps all
    ],
)
def test_suppression_by_example(max_iou: float, kept: list[int]) -> None:
    boxes = as_xyxy([(0, 0, 10, 10), (0, 0, 10, 20), (50, 50, 60, 60)])
    scores = np.array([0.8, 0.9, 0.3], np.float32)
    assert suppress(boxes, scores, max_iou, limit=10).tolist() == kept


def test_a_suppressed_box_suppresses_nothing() -> None:
    chain = as_xyxy([(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10)])
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    assert suppress(chain, scores, 0.3, limit=10).tolist() == [0, 2]


def test_equal_scores_keep_their_order() -> None:
    boxes = as_xyxy([(20 * i, 0, 20 * i + 10, 10) for i in range(50)])
    assert suppress(boxes, np.full(50, 0.5, np.float32), 0.5, limit=50).tolist() == [*range(50)]


def test_boxes_are_selected_by_mask_index_and_slice() -> None:
    boxes = Boxes(as_xyxy([(0, 0, i, i) for i in (3, 2, 1)]), np.array([0.9, 0.5, 0.1], np.float32))
    assert boxes[boxes.scores > 0.3].heights.tolist() == [3, 2]
    assert boxes[np.array([2, 0])].heights.tolist() == [1, 3]
    assert boxes[:1].heights.tolist() == [3]
    assert len(boxes[boxes.scores > 1]) == 0


def test_empty_boxes_are_boxes() -> None:
    empty = Boxes.empty()
    assert len(empty) == 0
    assert empty.xyxy.shape == (0, 4)
    assert empty.heights.shape == (0,)
    assert empty.xyxy.dtype == empty.scores.dtype == np.float32


@pytest.mark.parametrize(
    ("xyxy_shape", "scores_shape", "message"),
    [
        ((4,), (1,), r"expected xyxy of shape \(N, 4\), got \(4,\)"),
        ((2, 5), (2,), r"expected xyxy of shape \(N, 4\), got \(2, 5\)"),
        ((1, 2, 4), (1,), r"expected xyxy of shape \(N, 4\), got \(1, 2, 4\)"),
        ((2, 4), (3,), r"expected 2 scores, got shape \(3,\)"),
        ((2, 4), (2, 1), r"expected 2 scores, got shape \(2, 1\)"),
        ((0, 4), (), r"expected 0 scores, got shape \(\)"),
    ],
)
def test_boxes_of_wrong_shape_say_what_was_expected(
    xyxy_shape: tuple[int, ...], scores_shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Boxes(np.zeros(xyxy_shape, np.float32), np.zeros(scores_shape, np.float32))
