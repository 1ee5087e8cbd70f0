"""Cameras of the kernel: what can be said without one, and a real one where there is one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from belisha.cameras.settings import CameraSettings
from belisha.cameras.v4l2 import V4l2Camera
from belisha.errors import SourceError

DEVICE = os.environ.get("BELISHA_CAMERA", "/dev/video0")


def test_an_absent_camera_is_an_error_that_says_so() -> None:
    with pytest.raises(SourceError, match="/dev/video99: no such camera: is it plugged in"):
        V4l2Camera(CameraSettings(source="/dev/video99"))


def test_what_is_no_camera_is_an_error() -> None:
    with pytest.raises(SourceError, match="/dev/null: cannot be opened"):
        V4l2Camera(CameraSettings(source="/dev/null"))


@pytest.mark.skipif(not Path(DEVICE).exists(), reason=f"no camera at {DEVICE}: modprobe vivid")
def test_a_real_camera_gives_frames_with_the_drivers_time() -> None:
    camera = V4l2Camera(CameraSettings(source=DEVICE))
    frames = [camera.read() for _ in range(10)]
    camera.close()
    captured = [frame.captured_s for frame in frames]
    assert captured == sorted(captured)
    assert 0 <= time.perf_counter() - captured[-1] < 1
