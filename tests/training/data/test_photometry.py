"""What is measured of a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.data.photometry import measured_conditions, photometry


def scene(seed: int = 0) -> np.ndarray:
    """Blocks of grey, sharp and without noise."""
    blocks = np.random.default_rng(seed).integers(60, 200, (24, 32)).astype(np.uint8)
    grey = cv2.resize(blocks, (640, 480), interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def test_brightness_and_contrast_are_mean_and_deviation() -> None:
    flat = photometry(np.full((48, 64, 3), 77, np.uint8))
    assert (flat.brightness, flat.contrast, flat.sharpness, flat.noise) == (77, 0, 0, 0)
    assert photometry(scene()).contrast == pytest.approx(40, abs=3)


@pytest.mark.parametrize("sigma", [2.0, 5.0, 10.0])
def test_noise_is_found_though_the_picture_has_edges(sigma: float) -> None:
    generator = np.random.default_rng(1)
    grey = scene()[..., :1] + generator.normal(0, sigma, (480, 640, 1))
    noisy = np.clip(grey, 0, 255).astype(np.uint8).repeat(3, axis=2)
    assert photometry(noisy).noise == pytest.approx(sigma, rel=0.15)
    assert photometry(scene()).noise == 0


def test_blur_takes_sharpness() -> None:
    blurred = cv2.GaussianBlur(scene(), (0, 0), 4)
    assert photometry(blurred).sharpness < photometry(scene()).sharpness / 10


def test_what_the_source_says_comes_first() -> None:
    dark = photometry(scene() // 8)
    assert measured_conditions(dark, {})["light"] == "night (measured)"
    assert measured_conditions(dark, {"light": "day"})["light"] == "day"
