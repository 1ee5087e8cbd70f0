"""The page of `belisha setup`: sliders on the live picture, for this machine alone.

It answers on the loopback only, to requests that name the loopback; saving also needs the token
that the page was given, so that no other page in the browser can write the file.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from belisha.documents import parse_json
from belisha.errors import ConfigError, UsageError
from belisha.service.mounting import FOV_DEG, HEIGHT_M, HORIZON, Mounting
from belisha.service.setup.car_file import mounting_lines, read_mounting, write_mounting
from belisha.service.setup.feed import Feed
from belisha.service.setup.horizon import guess_horizon
from belisha.service.setup.overlay import as_jpeg, draw_mounting

LOOPBACK = "127.0.0.1"
_HOSTS = ("127.0.0.1", "localhost")
_MAX_BODY = 4096
_TIMEOUT_S = 10


@dataclass(frozen=True)
class Reply:
    """An answer to a request."""

    status: int
    kind: str
    body: bytes


class SetupPage:
    """What the page asks for, without the network."""

    def __init__(self, feed: Feed, config: Path) -> None:
        self.token = secrets.token_urlsafe(16)
        self._feed, self._config = feed, config

    def page(self) -> Reply:
        """The page, with the values of the file in its sliders."""
        values = {
            "token": self.token,
            "config": str(self._config),
            "limits": {"height_m": HEIGHT_M, "fov_deg": FOV_DEG, "horizon": HORIZON},
            "mounting": _document(read_mounting(self._config)),
        }
        # A page is no place for text that closes its script.
        words = json.dumps(values).replace("<", "\\u003c")
        html = resources.files(__package__).joinpath("page.html").read_text("utf-8")
        return Reply(200, "text/html; charset=utf-8", html.replace("__VALUES__", words).encode())

    def view(self, query: str) -> Reply:
        """The newest frame with the mounting of the query drawn on it."""
        frame = self._feed.frame
        if frame is None:
            return _words(503, self._feed.problem)
        return Reply(200, "image/jpeg", as_jpeg(draw_mounting(frame, _of_query(query))))

    def state(self, query: str) -> Reply:
        """What the query would look like in the file, and a guess at the horizon."""
        mounting, frame = _of_query(query), self._feed.frame
        guess = frame is not None and guess_horizon(
            self._feed.people, mounting.height_m, frame.shape[0]
        )
        return _json(
            {
                "lines": mounting_lines(mounting),
                "problem": self._feed.problem,
                "people": len(self._feed.people),
                "guess": vars(guess) if guess else None,
            }
        )

    def save(self, body: bytes, token: str) -> Reply:
        """Write the file; a wrong value or a wrong token changes nothing."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return _words(403, "this page is from another run of belisha setup: reload it")
        mounting = parse_json(body, Mounting, "the page")
        write_mounting(self._config, mounting)
        return _json({"written": str(self._config), "mounting": _document(mounting)})


def open_server(page: SetupPage, port: int) -> ThreadingHTTPServer:
    """A server for the page on the loopback; the caller runs and closes it.

    Raises:
        UsageError: the port is taken.
    """
    handler = type("Handler", (_Handler,), {"page": page})
    try:
        return ThreadingHTTPServer((LOOPBACK, port), handler)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"port {port} cannot be used: {error}: name another with --port"
        ) from error


class _Handler(BaseHTTPRequestHandler):
    """HTTP around `SetupPage`."""

    page: SetupPage
    timeout = _TIMEOUT_S
    server_version = "belisha"
    sys_version = ""

    def do_GET(self) -> None:
        """Page, picture, state."""
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        answers = {
            "/": lambda: self.page.page(),
            "/view.jpg": lambda: self.page.view(query),
            "/state": lambda: self.page.state(query),
        }
        self._answer(answers.get(path))

    def do_POST(self) -> None:
        """Save."""
        if urlsplit(self.path).path != "/save":
            self._answer(None)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 9 or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send(_words(413, f"expected at most {_MAX_BODY} bytes"))
            return
        body = self.rfile.read(int(length))
        self._answer(lambda: self.page.save(body, self.headers.get("X-Token", "")))

    def _answer(self, make: Any) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in _HOSTS:
            self._send(_words(403, "this page is for this machine: use http://127.0.0.1"))
        elif make is None:
            self._send(_words(404, "no such page"))
        else:
            try:
                self._send(make())
            except ConfigError as error:
                self._send(_words(400, str(error)))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the page asks many times a second."""


def _of_query(query: str) -> Mounting:
    """A mounting from height_m=...&fov_deg=...&horizon=...&top=...&bottom=..."""
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    try:
        numbers = {name: float(given[name]) for name in ("height_m", "fov_deg", "horizon")}
        return Mounting(**numbers, crop=(float(given["top"]), float(given["bottom"])))
    except KeyError as error:
        raise ConfigError(f"expected {error.args[0]} in the address") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _document(mounting: Mounting) -> dict[str, Any]:
    return {**vars(mounting), "crop": list(mounting.crop)}


def _json(document: dict[str, Any]) -> Reply:
    return Reply(200, "application/json", json.dumps(document).encode())


def _words(status: int, text: str) -> Reply:
    return Reply(status, "text/plain; charset=utf-8", text.encode())
