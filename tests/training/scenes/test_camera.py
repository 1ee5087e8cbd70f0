"""The camera: a pinhole, and a car that carries it."""

from __future__ import annotations

import numpy as np
import pytest

from training.scenes.camera import Camera, Ride, look

CAMERA = Camera(640, 480, focal_px=500.0, height_m=1.4, pitch=0.0)


def test_what_is_straight_ahead_is_in_the_middle() -> None:
    pixels, depth = look(CAMERA, 2.0, 5.0, 0.0).project(np.array([[2.0, 25.0, 1.4]]))
    assert pixels[0] == pytest.approx((320, 240))
    assert depth[0] == pytest.approx(20)


def test_right_is_right_and_low_is_low() -> None:
    pixels, _ = look(CAMERA, 0.0, 0.0, 0.0).project(np.array([[1.0, 10.0, 0.4]]))
    assert pixels[0] == pytest.approx((320 + 50, 240 + 50))


def test_looking_up_lowers_the_picture_and_turning_left_moves_it_right() -> None:
    point = np.array([[0.0, 10.0, 1.4]])
    up, _ = look(Camera(640, 480, 500.0, 1.4, pitch=0.1), 0, 0, 0).project(point)
    assert up[0, 1] == pytest.approx(240 + 500 * np.tan(0.1), rel=1e-4)
    left, _ = look(CAMERA, 0, 0, 0.1).project(point)
    assert left[0, 0] == pytest.approx(320 + 500 * np.tan(0.1), rel=1e-4)


def test_a_clockwise_roll_lifts_what_is_on_the_right() -> None:
    rolled, _ = look(Camera(640, 480, 500.0, 1.4, 0.0, roll=0.1), 0, 0, 0).project(
        np.array([[2.0, 10.0, 1.4]])
    )
    assert rolled[0, 1] < 240


def test_opengl_sees_what_the_projection_says() -> None:
    view = look(Camera(640, 480, 500.0, 1.4, -0.05, 0.03, 0.02), 1.0, 2.0, 0.2)
    points = np.array([[0.5, 14.0, 0.2], [-2.0, 30.0, 2.5]])
    clip = np.concatenate([points, np.ones((2, 1))], 1) @ view.matrix().T
    ndc = clip[:, :2] / clip[:, 3:]
    pixels = np.stack([(ndc[:, 0] + 1) * 320, (1 - ndc[:, 1]) * 240], 1)
    assert np.allclose(pixels, view.project(points)[0], atol=0.01)


def test_a_car_that_brakes_stops_and_stays() -> None:
    ride = Ride(10.0, speed_mps=6.0, brake_mps2=2.0)
    assert ride.position_m(3.0) == pytest.approx(19.0)
    assert ride.position_m(9.0) == pytest.approx(19.0)
    assert ride.speed_at(9.0) == 0
    assert ride.sway(9.0) == (0, 0, 0)
