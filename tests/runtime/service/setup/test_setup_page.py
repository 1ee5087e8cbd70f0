"""The setup page over real HTTP: a picture with the values drawn, and a file that is safe."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.boxes import as_xyxy
from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.errors import SourceError, UsageError
from belisha.service.mounting import Mounting
from belisha.service.setup.car_file import read_mounting
from belisha.service.setup.feed import Feed
from belisha.service.setup.horizon import guess_horizon
from belisha.service.setup.overlay import draw_mounting
from belisha.service.setup.server import SetupPage, open_server
from tests.doubles import ScriptedCamera

GOOD = "height_m=1.4&fov_deg=60&horizon=0.5&top=0.1&bottom=0.9"
GREY = np.full((120, 160, 3), 90, np.uint8)


@dataclass
class Browser:
    """Asks the page as a browser would."""

    port: int
    token: str
    config: Path

    def ask(
        self,
        path: str,
        body: str | None = None,
        token: str | None = None,
        host: str = "127.0.0.1:1",
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Host": host, "X-Token": self.token if token is None else token}
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content


def eventually(true: Callable[[], bool]) -> None:
    """Wait, but not for ever."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A page about a grey camera, served."""
    config = tmp_path / "car.yaml"
    config.write_text("camera:\n  device: a  # front\n")
    feed = Feed(lambda: ScriptedCamera([GREY] * 3))
    page = SetupPage(feed, config)
    with open_server(page, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        eventually(lambda: feed.frame is not None)
        yield Browser(server.server_address[1], page.token, config)
        server.shutdown()
        thread.join()
    feed.close()


def test_the_page_has_the_files_values_and_needs_nothing_from_outside(browser: Browser) -> None:
    status, page = browser.ask("/")
    assert status == 200
    assert b'"height_m": 1.3' in page
    assert b"__VALUES__" not in page
    assert b"http:" not in page and b"https:" not in page and b"//cdn" not in page


def test_the_picture_shows_what_the_sliders_say(browser: Browser) -> None:
    pictures = []
    for horizon in ("0.3", "0.7"):
        status, jpeg = browser.ask(f"/view.jpg?{GOOD.replace('0.5', horizon)}")
        assert status == 200
        pictures.append(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    for picture, row in zip(pictures, (36, 84), strict=True):
        line = picture[row, 80:150].astype(int).mean(axis=0)
        assert line[2] - line[0] > 40, "amber"
        assert picture[5].mean() < 60, "the sky is cropped away"


def test_saving_writes_the_file_and_keeps_the_rest(browser: Browser) -> None:
    wanted = {"height_m": 1.4, "fov_deg": 62, "horizon": 0.48, "crop": [0.1, 0.9]}
    status, answer = browser.ask("/save", json.dumps(wanted))
    assert status == 200
    assert json.loads(answer)["written"] == str(browser.config)
    assert read_mounting(browser.config) == Mounting(1.4, 62, 0.48, (0.1, 0.9))
    assert "device: a  # front" in browser.config.read_text()


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ('{"height_m": 99}', 400, "height_m: expected 0.3 to 4 m, got 99"),
        ('{"height": 1}', 400, "unknown key 'height': did you mean 'height_m'"),
        ('{"height_m": NaN}', 400, "not a number of JSON"),
        ("nonsense", 400, "not valid JSON"),
        ("x" * 5000, 413, "expected at most 4096 bytes"),
    ],
)
def test_bad_input_is_explained_and_loses_nothing(
    browser: Browser, body: str, status: int, message: str
) -> None:
    before = browser.config.read_text()
    assert (browser.ask("/save", body)[0], browser.config.read_text()) == (status, before)
    assert message in browser.ask("/save", body)[1].decode()


def test_other_pages_and_other_names_for_this_machine_are_refused(browser: Browser) -> None:
    before = browser.config.read_text()
    assert browser.ask("/save", "{}", token="guess")[0] == 403
    assert browser.ask("/", host="evil.example:1")[0] == 403
    assert browser.ask("/save", "{}", host="evil.example")[0] == 403
    assert browser.ask("/etc/passwd")[0] == 404
    assert browser.ask("/view.jpg?height_m=1")[0] == 400
    assert browser.ask(f"/view.jpg?{GOOD.replace('60', 'wide')}")[0] == 400
    assert browser.config.read_text() == before


def test_a_taken_port_is_a_message(browser: Browser) -> None:
    feed = Feed(lambda: ScriptedCamera([GREY]))
    with pytest.raises(UsageError, match="name another with --port"):
        open_server(SetupPage(feed, browser.config), browser.port)
    feed.close()


def test_a_lost_camera_is_said_and_tried_again() -> None:
    opened = []

    def open_camera() -> ScriptedCamera:
        opened.append(1)
        if len(opened) == 1:
            raise SourceError("/dev/video0: unplugged")
        return ScriptedCamera([GREY])

    feed = Feed(open_camera)
    eventually(lambda: feed.problem == "/dev/video0: unplugged")
    eventually(lambda: feed.frame is not None and feed.problem == "")
    assert len(opened) == 2
    feed.close()


def test_people_tell_where_the_horizon_is() -> None:
    chance = np.random.default_rng(0)
    focal, height_m, horizon, rows = 600, 1.35, 220, []
    for metres in chance.uniform(6, 30, 40):
        foot = horizon + focal * height_m / metres
        tall = focal * chance.normal(1.68, 0.1) / metres
        rows.append((0, foot - tall, 10, foot))
    guess = guess_horizon(as_xyxy(rows), height_m, 480)
    assert guess is not None
    assert guess.horizon == pytest.approx(220 / 480, abs=0.01)
    assert guess.low < guess.horizon < guess.high
    assert guess_horizon(as_xyxy(rows[:5]), height_m, 480) is None


def test_the_drawing_stands_people_on_the_road_under_the_horizon() -> None:
    black = np.zeros((480, 640, 3), np.uint8)
    mounting = Mounting(height_m=1.68, fov_deg=60, horizon=0.4)
    drawn = draw_mounting(black, mounting)
    assert not black.any(), "the frame itself is not touched"
    # Eyes as high as the lens: heads touch the horizon at every distance.
    white = (drawn == 255).all(axis=2)
    assert white.any()
    assert np.flatnonzero(white.any(axis=1))[0] >= 0.4 * 480 - 25


def test_frames_without_people_leave_nothing_behind(toy: Bundle) -> None:
    frames = 300
    with Detector.open(toy.path, threads=1) as detector:
        feed = Feed(lambda: ScriptedCamera([GREY] * frames), detector, live=True)
        begun = time.monotonic()
        eventually(lambda: feed.frame is not None)
        while time.monotonic() - begun < 0.5:
            assert feed.people.shape == (0, 4)
        assert len(feed._people) == 0
        feed.close()


def test_whatever_a_camera_does_the_feed_goes_on() -> None:
    faults: list[Exception] = [IndexError("list index out of range")]

    def opened() -> ScriptedCamera:
        if faults:
            raise faults.pop()
        return ScriptedCamera([GREY] * 3)

    feed = Feed(opened)
    eventually(lambda: feed.problem == "IndexError: list index out of range")
    eventually(lambda: feed.frame is not None)
    feed.close()
    assert not faults
    assert feed.problem == ""


@pytest.mark.parametrize("length", ["9" * 5000, "\xb2", "-1"])
def test_a_length_that_is_none_is_refused(browser: Browser, length: str) -> None:
    head = f"POST /save HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", browser.port), 10) as peer:
        peer.sendall(head.encode("latin-1"))
        assert peer.recv(100).startswith(b"HTTP/1.0 413")
