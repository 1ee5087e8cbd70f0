"""The camera's place in the car: its limits, its crop, and boxes that come back from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.service.mounting import Mounting


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height_m": 0}, "height_m: expected 0.3 to 4 m, got 0"),
        ({"fov_deg": 180}, "fov_deg: expected 20 to 150 degrees, got 180"),
        ({"horizon": 2}, "horizon: expected -0.5 to 1.5 of the height, got 2"),
        ({"horizon": float("nan")}, "horizon: expected"),
        ({"crop": (0.9, 0.1)}, "crop: expected 0 <= top < bottom <= 1, got 0.9 and 0.1"),
        ({"crop": (0.5, 0.6)}, "crop: expected at least 20% of the height"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mounting(**changes)


def test_ninety_degrees_see_as_far_to_the_sides_as_ahead() -> None:
    assert Mounting(fov_deg=90).focal_px(640) == pytest.approx(320)


def test_a_crop_is_a_view_of_its_rows_and_boxes_come_back() -> None:
    frame = np.arange(10 * 4 * 3, dtype=np.uint8).reshape(10, 4, 3)
    mounting = Mounting(crop=(0.2, 0.7))
    cropped = mounting.cropped(frame)
    assert cropped.shape == (5, 4, 3)
    assert np.shares_memory(cropped, frame)
    found = Boxes(as_xyxy([(1, 0, 2, 5)]), np.array([0.5], np.float32))
    assert mounting.uncropped(found, 10).xyxy.tolist() == [[1, 2, 2, 7]]
    assert Mounting().uncropped(found, 10) is found
