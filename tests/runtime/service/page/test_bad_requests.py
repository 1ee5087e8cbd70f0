"""Requests that are none, slow, many or too long, and bugs: the page answers, and goes on."""

from __future__ import annotations

import io
import socket
import threading
import time

import pytest

from belisha.service.page.handler import _Requests
from belisha.service.page.page import Page
from belisha.service.page.server import MAX_CONNECTIONS
from belisha.service.page.settings import PageSettings
from belisha.service.status import Status
from tests.runtime.service.page.visits import (
    Visitor,
    opened,
)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0\xff\0",
        b"GET\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"G" * 70_000,
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_what_is_no_http_does_no_harm(
    page: Page, workshop: Visitor, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    Visitor(page).raw(sent)
    assert workshop.get("/status").status == 200
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "length",
    ["9" * 5000, "-1", "+2", "1e3", "2\r\nContent-Length: 2", "0x10", "\xb2"],
    ids=["digits", "negative", "signed", "float", "two", "hexadecimal", "square"],
)
def test_a_length_that_is_none_is_refused(
    page: Page, length: str, capfd: pytest.CaptureFixture[str]
) -> None:
    head = f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    assert b"HTTP/1.1 413" in Visitor(page).raw(head.encode("latin-1") + b"{}")
    assert "Traceback" not in capfd.readouterr().err


def test_a_bug_of_ours_is_an_answer_for_them_and_a_traceback_for_us(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Status:
        raise ZeroDivisionError("a bug")

    with opened(Page(PageSettings(listen="127.0.0.1:0"), broken)) as page:
        answer = Visitor(page).get("/status")
        assert (answer.status, list(answer.document)) == (500, ["error"])
        assert "a bug" not in answer.document["error"]
        assert Visitor(page).get("/").status == 200
    assert "ZeroDivisionError: a bug" in capfd.readouterr().err


def test_who_sends_a_byte_now_and_then_gets_no_place_for_it() -> None:
    ours, theirs = socket.socketpair()
    requests = _Requests(ours)
    requests.until_s = time.monotonic() + 0.5
    stop = threading.Event()

    def trickle() -> None:
        while not stop.wait(0.05):
            theirs.send(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        io.BufferedReader(requests).readline()
    assert 0.4 < time.monotonic() - begun < 5
    stop.set()
    thread.join()
    ours.close()
    theirs.close()


def test_idle_connections_do_not_pile_up_and_places_are_given_back(
    page: Page, workshop: Visitor
) -> None:
    port = int(page.url.rstrip("/").rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_CONNECTIONS)]
    time.sleep(0.5)
    assert b"503" in Visitor(page).raw(b"GET /status HTTP/1.1\r\n\r\n")
    for one in idle:
        one.close()
    end = time.monotonic() + 30
    while True:
        try:
            if workshop.get("/status").status == 200:
                break
        except OSError:
            pass
        assert time.monotonic() < end
