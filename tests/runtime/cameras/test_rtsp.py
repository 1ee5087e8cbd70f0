"""A camera in the network, against a real server that stalls, dies and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from belisha.cameras import Frame
from belisha.cameras.opening import open_source
from belisha.cameras.rtsp import RtspCamera
from belisha.cameras.settings import CameraSettings
from belisha.errors import SourceError
from belisha.service.newest_frame import LiveCamera
from benchmarks.service.rtsp_server import RtspServer
from tests.doubles import Told, wait_until
from tests.gstreamer import rtsp_server


@pytest.fixture
def server() -> Iterator[RtspServer]:
    """A camera on loopback, 30 frames a second of a moving ball."""
    serving = rtsp_server()
    yield serving
    serving.kill()


def test_frames_come_with_rising_times_of_capture(server: RtspServer) -> None:
    camera = open_source(CameraSettings(source=server.url))
    frames = [camera.read() for _ in range(40)]
    camera.close()
    assert all(
        isinstance(frame, Frame) and frame.image_bgr.shape == (240, 320, 3) for frame in frames
    )
    captured = np.array([frame.captured_s for frame in frames if isinstance(frame, Frame)])
    gaps = np.diff(captured)
    assert (gaps > 0).all()
    assert 0.025 < np.median(gaps) < 0.045
    assert captured[-1] <= time.perf_counter()


def test_frames_that_queued_up_are_known_to_be_old(server: RtspServer) -> None:
    camera = RtspCamera(server.url, "cam")
    for _ in range(15):
        camera.read()
    time.sleep(1.0)  # whoever reads has been elsewhere, the network has not
    ages = []
    for _ in range(10):
        frame = camera.read()
        ages.append(time.perf_counter() - frame.captured_s)
    camera.close()
    assert max(ages) > 0.5
    assert ages[0] > ages[-1]


def test_a_stall_is_seen_within_a_second_and_overcome(server: RtspServer) -> None:
    told = Told()
    camera = LiveCamera(
        CameraSettings(source=server.url),
        lambda: RtspCamera(server.url, "cam"),
        told,
    )
    assert wait_until(lambda: isinstance(camera.read(), Frame), 20)
    server.stall()
    begun = time.monotonic()
    assert wait_until(lambda: camera.read() is None or camera.state.trouble != "", 5)
    assert time.monotonic() - begun < 1.5  # 1 s where the machine is not busy
    server.go_on()
    assert wait_until(lambda: isinstance(camera.read(), Frame), 20)
    assert wait_until(lambda: camera.state.trouble == "")
    camera.close()


def test_a_server_that_dies_is_seen_and_found_again(server: RtspServer) -> None:
    told = Told()
    camera = LiveCamera(
        CameraSettings(source=server.url), lambda: RtspCamera(server.url, "cam"), told
    )
    assert wait_until(lambda: isinstance(camera.read(), Frame), 20)
    server.kill()
    begun = time.monotonic()
    assert wait_until(lambda: camera.read() is None or camera.state.trouble != "", 5)
    assert time.monotonic() - begun < 1.5
    assert wait_until(lambda: told.has("camera", "does not answer"), 10)
    server.restart()
    assert wait_until(lambda: isinstance(camera.read(), Frame), 20)
    assert wait_until(lambda: camera.state.trouble == "")
    assert camera.state.opened >= 2
    camera.close()


def test_nobody_there_is_an_error_without_the_password() -> None:
    settings = CameraSettings(source="rtsp://me:secret@127.0.0.1:1/cam")
    with pytest.raises(SourceError) as raised:
        open_source(settings)
    assert "rtsp://***@127.0.0.1:1/cam: does not answer" in str(raised.value)
    assert "secret" not in str(raised.value)
