"""Frozen, black and cut off pictures are told from good ones, and odd good ones are let through."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from belisha.cameras import Frame
from belisha.cameras.picture import decode_picture
from belisha.cameras.picture_faults import PictureFaults
from belisha.errors import FrameError

RANDOM = np.random.default_rng(3)


def noise(low: int = 20, high: int = 250) -> np.ndarray:
    return RANDOM.integers(low, high, (480, 640, 3), dtype=np.uint8)


def frame(image: np.ndarray, at_s: float = 0.0) -> Frame:
    return Frame(image, "test", 0, at_s, 30.0)


def fault(image: np.ndarray) -> str:
    return PictureFaults(1.0).of(frame(image))


def test_a_picture_is_frozen_when_it_stays_the_same_for_long_enough() -> None:
    faults, still = PictureFaults(1.0), noise()
    found = [faults.of(frame(still.copy(), index / 10)) for index in range(15)]
    assert found == [""] * 10 + ["the picture is frozen"] * 5
    assert faults.of(frame(noise(), 1.6)) == ""


def test_one_pixel_of_noise_is_life_wherever_it_is() -> None:
    faults, image = PictureFaults(1.0), noise()
    for index in range(30):
        image = image.copy()
        image[3 + index, 5] ^= 1  # between the pixels that are looked at first
        assert faults.of(frame(image, index / 10)) == ""


def test_a_frozen_picture_can_be_allowed() -> None:
    faults, still = PictureFaults(None), noise()
    assert {faults.of(frame(still, second)) for second in range(60)} == {""}


def test_no_light_at_all_is_black_and_a_night_is_not() -> None:
    assert fault(noise(0, 8)) == "the picture is black"
    night = noise(0, 8)
    cv2.circle(night, (320, 240), 12, (200, 220, 230), -1)  # one lamp
    assert fault(night) == ""


def test_a_jpeg_of_which_half_came_is_cut_off_or_no_picture() -> None:
    whole = cv2.imencode(".jpg", cv2.GaussianBlur(noise(), (9, 9), 0))[1].tobytes()
    half = whole[: len(whole) // 2] + b"\xff\xd9"
    try:
        picture = decode_picture(half, "half")
    except FrameError:
        pytest.skip("this OpenCV refuses half a picture, which is as good")
    assert fault(picture) == "the picture is cut off"


@pytest.mark.parametrize(
    ("filling", "share", "words"),
    [
        ((128, 128, 128), 0.5, "the picture is cut off"),
        ((0, 135, 0), 0.2, "the picture is cut off"),
        ((128, 128, 128), 0.05, ""),  # a strip at the edge is not worth an alarm
        ((0, 0, 0), 0.4, ""),  # a bonnet at night
        ((60, 60, 60), 0.4, ""),
    ],
)
def test_a_picture_that_is_filled_up_is_cut_off(
    filling: tuple[int, int, int], share: float, words: str
) -> None:
    picture = noise()
    picture[round(480 * (1 - share)) :] = filling
    assert fault(picture) == words


def test_bars_above_and_below_are_the_cameras_own() -> None:
    picture = noise()
    picture[:80] = picture[400:] = 128
    assert fault(picture) == ""


def test_looking_is_cheap() -> None:
    faults, pictures = PictureFaults(1.0), [frame(noise()) for _ in range(4)]
    times = []
    for index in range(200):
        begun = time.perf_counter()
        faults.of(pictures[index % 4])
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.002
