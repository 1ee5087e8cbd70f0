"""The page over real connections: what it shows, to whom, and that nobody brings it down."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.errors import LogError, UsageError
from belisha.service.access import AccessSettings
from belisha.service.activity import ActivityLog
from belisha.service.activity_reader import verify
from belisha.service.page.desk import MAX_VIEWERS, log_blocks
from belisha.service.page.page import Page
from belisha.service.page.settings import PageSettings
from tests.runtime.service.logs import busy_second
from tests.runtime.service.page.visits import (
    OTHER,
    STATUS,
    TOKEN,
    Visitor,
    opened,
    shown,
)


class Driving:
    """A loop that offers pictures while a test looks."""

    def __init__(self, page: Page) -> None:
        self._page, self._stop = page, threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        number = 0
        while not self._stop.wait(0.01):
            number += 1
            self._page.publish(shown(number, people=2))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize("path", ["/status", "/live", "/log", "/metrics"])
def test_without_a_token_there_is_nothing_but_advice(page: Page, path: str) -> None:
    answer = Visitor(page).get(path)
    assert answer.status == 401
    assert "expected a token with the right" in answer.document["error"]
    assert "use TLS" in answer.document["error"]
    assert "tunnel" in answer.document["error"]


@pytest.mark.parametrize("path", ["/feedback", "/mark", "/switch"])
def test_without_a_token_nothing_can_be_done(page: Page, path: str) -> None:
    assert Visitor(page).post(path, {}).status == 401


def test_each_group_may_what_it_may(page: Page, workshop: Visitor) -> None:
    drivers = Visitor(page, Authorization=f"Bearer {OTHER}")
    assert workshop.get("/log").status == 200
    assert drivers.get("/log").status == 403
    assert workshop.post("/switch", {"bundle": "night"}).status == 403
    assert drivers.post("/switch", {"bundle": "night"}).document == {"said": "bundle night"}
    refused = drivers.post("/switch", {"bundle": "x"})
    assert (refused.status, refused.document["error"]) == (409, "no bundle 'x' is loaded")


def test_a_browser_signs_in_once_and_out_again(page: Page, log: ActivityLog) -> None:
    visitor = Visitor(page)
    first = visitor.get("/")
    assert (first.status, b"Token of your group" in first.body) == (401, True)
    assert visitor.post("/login", {"token": "wrong-token-of-nobody"}).status == 403
    answer = visitor.post("/login", {"token": TOKEN})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    session = cookie.partition(";")[0]
    assert b"Missed" in visitor.get("/", Cookie=session).body
    assert log.recent_events()[-1][1].text == "workshop signed in from 127.0.0.1"
    visitor.post("/logout", {}, Cookie=session)
    assert visitor.get("/", Cookie=session).status == 401


def test_a_refused_body_is_not_taken_for_the_next_request(page: Page, workshop: Visitor) -> None:
    refused = b"POST /feedback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
    wanted = b"GET /page.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = Visitor(page).raw(refused + wanted)
    assert answers.count(b"HTTP/1.1 401") == 1
    assert answers.count(b"HTTP/1.1 200") == 1
    chunked = b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b"HTTP/1.1 413" in Visitor(page).raw(chunked + b"0\r\n\r\n")
    assert workshop.get("/status").status == 200


def test_who_guesses_has_to_wait_and_is_in_the_log(page: Page, log: ActivityLog) -> None:
    guesser = Visitor(page, Authorization="Bearer guess-guess-guess")
    answers = [guesser.get("/status").status for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    events = [event for _, event in log.recent_events() if event.name == "access"]
    assert [event.level for event in events] == ["warning", "warning"]
    assert "guess" not in str(events)


def test_a_viewer_gets_numbers_and_pictures(page: Page, workshop: Visitor) -> None:
    with Driving(page), workshop.looking() as messages:
        status, nothing = next(messages)
        picture, jpeg = next(one for one in messages if one[1])
    assert nothing == b""
    assert status["name"] == "van 7"
    assert status["in_force"]["passed_over"] == ["tensorrt: absent"]
    assert status["latency"] == {"p50": 4.0, "p90": None, "p99": None, "mean": 90 / 29, "count": 29}
    assert status["health"]["hottest_c"] is None
    assert status["seconds"][0]["people"] == 3
    assert [one["text"] for one in status["events"]] == ["started"]
    assert status["rights"] == ["feedback", "log", "page"]
    assert (picture["width"], picture["height"], picture["words"]) == (64, 48, "2 people")
    assert picture["boxes"][0] == [4, 5, 12, 30]
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert np.asarray(decoded).shape == (48, 64, 3)


def test_a_marked_frame_is_kept_and_logged(
    page: Page, workshop: Visitor, log: ActivityLog, tmp_path: Path
) -> None:
    with Driving(page), workshop.looking() as messages:
        picture, _ = next(one for one in messages if one[1])
        press = {"kind": "false", "number": picture["number"]}
        name = workshop.post("/feedback", press).document["name"]
        assert workshop.post("/mark", {"name": name, "x": 8.0, "y": 9.5}).document["marked"]
        gone = workshop.post("/feedback", {**press, "number": 10**9})
    assert gone.document["error"] == "that picture is gone already: press sooner, or again"
    document = json.loads((tmp_path / "kept" / f"{name}.json").read_text())
    assert (document["who"], document["point"]) == ("workshop", [8.0, 9.5])
    assert (document["frame"], document["bundle"]) == (picture["frame"], "ab12")
    assert log.recent_events()[-1][1].details == {"file": name}


def test_the_log_can_be_pulled_and_verified_elsewhere(
    workshop: Visitor, log: ActivityLog, tmp_path: Path
) -> None:
    while log.state.head.seq < 2:
        time.sleep(0.01)
    head, pulled = log.state.head, tmp_path / "pulled.jsonl"
    pulled.write_bytes(workshop.get("/log").body)
    assert verify(pulled, [head]).whole
    assert log.recent_events()[-1][1].text == "workshop pulls the log after entry 0"
    later = [json.loads(line)["seq"] for line in workshop.get("/log?after=1").body.splitlines()]
    assert later[0] == 2
    assert workshop.get("/log?after=-1").status == 400


def test_who_pulls_the_log_for_too_long_can_go_on_later(log: ActivityLog, tmp_path: Path) -> None:
    for _ in range(300):
        log.add_second(busy_second(3))
    log.close(30)
    pulled = b""
    with pytest.raises(LogError, match="go on after") as raised:
        for block in log_blocks(log.path, 0, limit_s=0.0):
            pulled += block
    last = int(str(raised.value).rpartition(" ")[2])
    rest = b"".join(log_blocks(log.path, last))
    assert json.loads(rest.splitlines()[0])["seq"] == last + 1
    assert json.loads(rest.splitlines()[-1])["seq"] == 302


def test_prometheus_can_scrape(workshop: Visitor) -> None:
    answer = workshop.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"belisha_captured_total 30.0" in answer.body


def test_another_sites_page_can_neither_read_nor_press(page: Page, workshop: Visitor) -> None:
    for headers in ({"Host": "evil.example"}, {"Host": "["}, {"Origin": "http://evil.example"}):
        assert workshop.get("/status", **headers).status == 403
        assert workshop.post("/feedback", {}, **headers).status == 403
    assert workshop.get("/live", Sec_Fetch_Site="cross-site").status == 403
    assert workshop.get("/", Sec_Fetch_Site="cross-site").status == 200
    assert workshop.get("/status", Host="localhost:8090").status == 200
    plain = workshop.ask("POST", "/feedback", b"{}", {"Content-Type": "text/plain"})
    assert plain.status == 415
    headers = workshop.get("/").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_proxy_on_the_device_lends_nobody_its_place(log: ActivityLog) -> None:
    settings = PageSettings(listen="127.0.0.1:0")
    with opened(Page(settings, lambda: STATUS, log=log)) as page:
        visitor = Visitor(page)
        assert visitor.get("/status").status == 200
        assert visitor.get("/status", X_Forwarded_For="192.0.2.7").status == 401
        assert visitor.post("/feedback", {"kind": "false", "number": 1}).status == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/login", b"not json", 400),
        ("/login", b'{"token": 5}', 400),
        ("/login", b'{"token": "x", "more": 1}', 400),
        ("/login", b"[" * 5000, 413),
        ("/feedback", b'{"kind": "nice", "number": 1}', 400),
        ("/feedback", b'{"kind": "false", "number": NaN}', 400),
        ("/mark", b'{"name": "../../etc/passwd", "x": 1.0, "y": 1.0}', 200),
        ("/nowhere", b"{}", 404),
        ("/../../etc/passwd", b"{}", 404),
    ],
)
def test_nonsense_gets_a_short_answer(
    workshop: Visitor, path: str, body: bytes, status: int
) -> None:
    answer = workshop.ask("POST", path, body, {"Content-Type": "application/json"})
    assert answer.status == status
    assert "Traceback" not in answer.body.decode()


def test_one_viewer_too_many_is_told_so(page: Page, workshop: Visitor) -> None:
    with Driving(page):
        looking = [workshop.looking() for _ in range(MAX_VIEWERS)]
        for one in looking:
            next(one.__enter__())
        answer = workshop.get("/live")
        for one in looking:
            one.__exit__(None, None, None)
    assert (answer.status, answer.document["error"]) == (503, "too many people look already")


def test_through_a_unix_socket_the_systems_groups_count(log: ActivityLog, tmp_path: Path) -> None:
    path = tmp_path / "page.sock"
    settings = PageSettings(
        listen="127.0.0.1:0", socket=str(path), access=AccessSettings(loopback=())
    )
    for _ in range(2):  # also beside what a killed process left
        with opened(Page(settings, lambda: STATUS, log=log)):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(str(path))
            peer.sendall(b"GET /status HTTP/1.1\r\nHost: page\r\nConnection: close\r\n\r\n")
            with peer, peer.makefile("rb") as file:
                assert file.readline().startswith(b"HTTP/1.1 200")
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(path))
        stale.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_with_tls_nothing_is_said_about_tls(log: ActivityLog, tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    settings = PageSettings(listen="127.0.0.1:0", tls_certificate=certificate, tls_key=key)
    with opened(Page(settings, lambda: STATUS, log=log)) as page:
        assert page.url.startswith("https://127.0.0.1:")
        port = int(page.url.rstrip("/").rpartition(":")[2])
        context = ssl.create_default_context(cafile=certificate)
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
        connection.request("GET", "/status")
        assert json.loads(connection.getresponse().read())["name"] == "van 7"
        connection.close()
        Visitor(page).raw(b"GET / HTTP/1.1\r\n\r\n")  # somebody forgot the s of https
    with pytest.raises(UsageError, match="expected a certificate and its key"):
        Page(PageSettings(tls_certificate=key, tls_key=key), lambda: STATUS)


def test_beyond_the_device_it_warns(settings: PageSettings) -> None:
    outside = PageSettings(listen="0.0.0.0:0")
    page = Page(outside, lambda: STATUS)
    page.close()
    assert "nobody off this device can read it" in page.warnings[0]
    open_page = Page(PageSettings(listen="0.0.0.0:0", access=settings.access), lambda: STATUS)
    open_page.close()
    assert "use TLS" in open_page.warnings[0]
    quiet = Page(settings, lambda: STATUS)
    quiet.close()
    assert quiet.warnings == ()


def test_an_address_in_use_is_said(page: Page) -> None:
    port = page.url.rstrip("/").rpartition(":")[2]
    with pytest.raises(UsageError, match="is another one running"):
        Page(PageSettings(listen=f"127.0.0.1:{port}"), lambda: STATUS)


@pytest.mark.parametrize("listen", ["8090", "localhost:8090", "1.2.3:80", "127.0.0.1:99999", ""])
def test_an_address_is_a_number_with_a_port(listen: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        PageSettings(listen=listen)


def test_closing_ends_the_streams(settings: PageSettings) -> None:
    page = Page(settings, lambda: STATUS)
    page.start()
    visitor = Visitor(page, Authorization=f"Bearer {TOKEN}")
    with visitor.looking() as messages:
        next(messages)
        begun = time.monotonic()
        page.close()
        assert len(list(messages)) < 5
        assert time.monotonic() - begun < 5
