"""What is said of a camera never has its password."""

from __future__ import annotations

import pytest

from belisha.cameras.settings import CameraSettings, without_passwords

SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"rtspsrc location=rtsp://me:{SECRET}@10.0.0.7/live ! rtph264depay",
        f'rtspsrc location="rtsps://me:{SECRET}@10.0.0.7/live" latency=0',
        f"rtspsrc location=rtsp://10.0.0.7/live user-id=me user-pw={SECRET} latency=0",
        f'rtspsrc user-pw = "{SECRET} {SECRET}" latency=0',
        f"srtsrc passphrase={SECRET}",
    ],
)
def test_a_pipeline_is_told_without_its_password(text: str) -> None:
    told = without_passwords(text)
    assert SECRET not in told
    assert told.split()[0] == text.split()[0]
    assert "***" in told


def test_what_has_no_password_stays_as_it_is() -> None:
    text = "v4l2src device=/dev/video0 ! image/jpeg,width=640 ! jpegdec"
    assert without_passwords(text) == text


@pytest.mark.parametrize(
    "source", [f"rtsp://me:{SECRET}@10.0.0.7/live", f"rtsp://{SECRET}@cam/a@b"]
)
def test_a_url_is_told_without_its_password(source: str) -> None:
    assert SECRET not in CameraSettings(source=source).words


def test_a_pipeline_is_not_told_at_all() -> None:
    settings = CameraSettings(pipeline=f"rtspsrc location=rtsp://me:{SECRET}@10.0.0.7/live")
    assert settings.words == "GStreamer pipeline"
