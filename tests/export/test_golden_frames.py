"""Golden frames: drawn alike everywhere, and worth something."""

from __future__ import annotations

import numpy as np
import pytest

from belisha.boxes import Boxes
from belisha.bundle import Bundle
from belisha.detector import Detector
from export.golden import Picture, drawn_pictures, make_golden
from tests.toy import scene


def test_drawn_pictures_are_the_same_on_every_call_and_differ() -> None:
    first, second = drawn_pictures(), drawn_pictures()
    for one, other in zip(first, second, strict=True):
        assert one.image_bgr.shape == (480, 640, 3)
        assert one.image_bgr.dtype == np.uint8
        np.testing.assert_array_equal(one.image_bgr, other.image_bgr)
    assert not np.array_equal(first[0].image_bgr, first[1].image_bgr)


def test_golden_frames_hold_what_the_detector_finds(toy: Bundle) -> None:
    picture = Picture(scene((2, 1), (5, 3)), "two white cells")
    with Detector.open(toy.path) as detector:
        golden, files = make_golden(detector, [picture])
        expected = detector(picture.image_bgr)
    (frame,) = golden.frames
    assert golden.threshold == 0.5
    assert frame.origin == "two white cells"
    assert_same(frame.expected, expected)
    assert files[frame.file].startswith(b"\x89PNG")


def test_where_nothing_is_found_the_threshold_stays(toy: Bundle) -> None:
    with Detector.open(toy.path) as detector:
        golden, _ = make_golden(detector, [Picture(scene(), "dark")])
    assert golden.threshold == 0.5
    assert golden.frames[0].boxes == ()


@pytest.mark.parametrize("threshold", [0.5, 0.999])
def test_a_box_is_compared_even_below_the_threshold(toy: Bundle, threshold: float) -> None:
    with Detector.open(toy.path, threshold=threshold) as detector:
        golden, _ = make_golden(detector, [Picture(scene((2, 1)), "one white cell")])
    (box,) = golden.frames[0].boxes
    assert box.score > golden.threshold + golden.max_score_difference


def assert_same(one: Boxes, other: Boxes) -> None:
    np.testing.assert_allclose(one.xyxy, other.xyxy, atol=1e-3)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
