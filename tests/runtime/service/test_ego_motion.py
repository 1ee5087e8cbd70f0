"""The car's own motion is read off the picture: its turns, not its driving, not other traffic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from belisha.service.ego_motion import EgoMotion


def street(seed: int = 0) -> np.ndarray:
    """A large picture with structure at all scales."""
    chance = np.random.default_rng(seed)
    picture = np.zeros((720, 1280, 3), np.float32)
    for cells in (8, 24, 80):
        noise = chance.uniform(0, 1, (cells, cells * 2, 3)).astype(np.float32)
        picture += cv2.resize(noise, (1280, 720), interpolation=cv2.INTER_LINEAR)
    return (picture / picture.max() * 255).astype(np.uint8)


def view(picture: np.ndarray, right: float, down: float, zoom: float = 1.0) -> np.ndarray:
    """640x480 of it, as if the camera had turned that far."""
    matrix = np.array([[zoom, 0, 320 - zoom * (640 + right)], [0, zoom, 240 - zoom * (360 + down)]])
    return cv2.warpAffine(picture, matrix, (640, 480), flags=cv2.INTER_LINEAR)


@pytest.mark.parametrize(
    ("right", "down"), [(0, 0), (3, 0), (-12, 4), (40, 0), (-60, -10), (0.8, -0.6)]
)
def test_a_turn_moves_the_picture_the_other_way(right: float, down: float) -> None:
    motion, picture = EgoMotion(), street()
    assert motion.shift(view(picture, 0, 0)) == (0, 0)
    assert motion.shift(view(picture, right, down)) == pytest.approx((-right, -down), abs=0.6)


def test_driving_straight_on_is_no_turn() -> None:
    motion, picture = EgoMotion(), street()
    motion.shift(view(picture, 0, 0))
    assert motion.shift(view(picture, 0, 0, zoom=1.04)) == pytest.approx((0, 0), abs=0.8)
    assert motion.shift(view(picture, 10, 0, zoom=1.08)) == pytest.approx((-10, 0), abs=1.5)


def test_a_bus_that_passes_is_not_the_world() -> None:
    motion, picture, bus = EgoMotion(), street(), street(1)
    for step in range(3):
        frame = view(picture, 5 * step, 0)
        frame[100:420, 60 + 30 * step : 280 + 30 * step] = bus[100:420, :220]
        shift = motion.shift(frame)
    assert shift == pytest.approx((-5, 0), abs=1.5)


@pytest.mark.parametrize("level", [0, 128])
def test_where_there_is_nothing_to_see_nothing_moves(level: int) -> None:
    motion = EgoMotion()
    for _ in range(2):
        shift = motion.shift(np.full((480, 640, 3), level, np.uint8))
    assert shift == (0, 0)


def test_a_frame_of_another_size_begins_anew() -> None:
    motion, picture = EgoMotion(), street()
    motion.shift(view(picture, 0, 0))
    assert motion.shift(view(picture, 9, 0)[:240]) == (0, 0)
