"""A page to visit, and a visitor who speaks plain HTTP."""

from __future__ import annotations

import http.client
import json
import math
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from belisha.boxes import Boxes, as_xyxy
from belisha.service.page.live import Shown
from belisha.service.page.page import Page
from belisha.service.status import Alarm, Buckets, Counts, InForce, Status

PATIENCE_S = 30


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """Sends requests to a page, as somebody."""

    def __init__(self, page: Page, **headers: str) -> None:
        self._port = int(page.url.rstrip("/").rpartition(":")[2])
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, document: object, **headers: str) -> Answer:
        kind = {"Content-Type": "application/json"}
        return self.ask("POST", path, json.dumps(document).encode(), {**kind, **headers})

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {**self._headers, **named})
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """What comes back for bytes that may be no HTTP at all."""
        back = b""
        with socket.create_connection(("127.0.0.1", self._port), PATIENCE_S) as peer:
            with suppress(OSError):
                peer.sendall(sent)
                peer.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while data := peer.recv(65536):
                    back += data
        return back

    @contextmanager
    def looking(self) -> Iterator[Iterator[tuple[dict[str, Any], bytes]]]:
        """The messages of the live stream, until the visitor goes."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/live", headers=self._headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            yield _messages(response)
        finally:
            connection.close()


def _messages(response: http.client.HTTPResponse) -> Iterator[tuple[dict[str, Any], bytes]]:
    while len(head := response.read(8)) == 8:
        text, jpeg = struct.unpack(">II", head)
        yield json.loads(response.read(text)), response.read(jpeg)


def shown(number: int = 0, people: int = 1, size: tuple[int, int] = (48, 64)) -> Shown:
    """A grey frame with boxes."""
    boxes = Boxes(
        as_xyxy([[4 + 9 * one, 5, 12 + 9 * one, 30] for one in range(people)]),
        np.linspace(0.9, 0.5, people, dtype=np.float32) if people else np.zeros(0, np.float32),
    )
    image = np.full((*size, 3), 100 + number % 100, np.uint8)
    return Shown(image, number, "front", time.perf_counter(), boxes, words=f"{people} people")


@contextmanager
def opened(page: Page) -> Iterator[Page]:
    """The page, served."""
    page.start()
    try:
        yield page
    finally:
        page.close()


def token_file(folder: Path, token: str) -> str:
    """A file that holds a token."""
    path = folder / f"{token[:4]}.token"
    path.write_text(token)
    return str(path)


TOKEN, OTHER = "token-of-the-workshop", "drivers-token-for-switching"
STATUS = Status(
    name="van 7",
    counts=Counts(captured=30, processed=29, dropped=1),
    latency=Buckets((4.0, math.inf), (29, 0), 90.0),
    in_force=InForce("small", "ab12", "onnxruntime", ("tensorrt: absent",), "day"),
    bundles=("small", "night"),
    alarms=(Alarm("alarm", "black frames", 2.0),),
)
