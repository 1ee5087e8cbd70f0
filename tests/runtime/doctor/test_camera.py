"""The camera is looked at as the service would."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.cameras import Camera, NoFrame
from belisha.cameras.settings import CameraSettings
from belisha.doctor.camera import examine_camera


def picture(folder: Path, level: int) -> CameraSettings:
    cv2.imwrite(str(folder / "look.png"), np.full((48, 64, 3), level, np.uint8))
    return CameraSettings(source="look.png")


def test_a_camera_that_gives_pictures_is_well_and_its_size_is_told(tmp_path: Path) -> None:
    finding = examine_camera(picture(tmp_path, 120), tmp_path)
    assert (finding.state, finding.text) == ("ok", "look.png: pictures of 64x48")


def test_a_dark_picture_makes_one_think_of_the_lens(tmp_path: Path) -> None:
    finding = examine_camera(picture(tmp_path, 2), tmp_path)
    assert (finding.state, finding.advice) == ("note", "is the lens covered?")


@pytest.mark.parametrize("in_use", [False, True])
def test_a_camera_that_is_not_there_is_trouble_even_while_the_service_runs(in_use: bool) -> None:
    settings = CameraSettings(source="/dev/video-nobody")
    finding = examine_camera(settings, Path(), in_use=in_use)
    assert finding.state == "trouble"
    assert "/dev/video-nobody: no such camera" in finding.text
    assert "v4l2-ctl --list-devices" in finding.advice


def test_a_camera_that_the_service_has_is_not_opened_a_second_time(tmp_path: Path) -> None:
    def never(settings: CameraSettings, folder: Path) -> Camera:
        raise AssertionError("it was opened")

    settings = CameraSettings(source="/dev/null")
    finding = examine_camera(settings, tmp_path, in_use=True, open_camera=never)
    assert finding.state == "ok"
    assert "the service has it" in finding.text


class _Silent:
    """Opens, and gives nothing."""

    expected = None

    def read(self) -> NoFrame:
        return NoFrame(1.0)

    def close(self) -> None:
        pass


def test_a_camera_that_stays_silent_is_trouble(tmp_path: Path) -> None:
    settings = CameraSettings(source="csi:0")
    finding = examine_camera(
        settings, tmp_path, open_camera=lambda settings, folder: _Silent(), patience_s=0.05
    )
    assert (finding.state, finding.text) == ("trouble", "csi:0: no picture within 0.05 s")
    assert "nvargus-daemon" in finding.advice
