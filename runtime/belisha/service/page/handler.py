"""Requests of the page. Whatever is sent gets an answer of a few words, never a traceback."""

from __future__ import annotations

import http.cookies
import io
import ipaddress
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from belisha.documents import parse_json
from belisha.errors import BelishaError, ConfigError, LogError, MissingLibraryError
from belisha.service.access import ADVICE, Grant, Peer, Right
from belisha.service.page.desk import Desk, Login, Mark, Press, Switch
from belisha.service.page.server import TIMEOUT_S, peer_of

T = TypeVar("T")
COOKIE = "belisha"
MAX_BODY_BYTES = 4096
_MAX_DIGITS = 9
"""Of a length; Python refuses to read numbers of thousands of them."""
REQUEST_S = 10.0
"""In which a whole request must have come: who sends a byte now and then gets no place for it."""
STREAM_S = 1.0
"""A stream says how the service is at least so often, also without pictures."""
_STATIC = Path(__file__).with_name("static")
_PUBLIC: Mapping[str, tuple[str, str]] = {
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/plot.js": ("plot.js", "text/javascript"),
    "/login.js": ("login.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Refusal(Exception):  # noqa: N818 - it is no error of ours
    """A request that is not answered as it wished."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class _Requests(io.RawIOBase):
    """What a peer sends, up to a moment; see `io.RawIOBase`."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self.until_s = 0.0
        self._connection = connection

    def readable(self) -> bool:
        """See the standard library."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See the standard library; late is too late, however much has come."""
        left_s = self.until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the request takes too long")
        self._connection.settimeout(min(left_s, TIMEOUT_S))
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(TIMEOUT_S)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; `desk` is set in a subclass by `handler_for`."""

    desk: Desk
    _sent = b""
    _begun = False
    protocol_version = "HTTP/1.1"
    server_version = "belisha"
    sys_version = ""

    def setup(self) -> None:
        """See the standard library; requests are read with a limit of time."""
        super().setup()
        self.rfile.close()
        self._requests = _Requests(self.connection)
        self.rfile = io.BufferedReader(self._requests)

    def handle_one_request(self) -> None:
        """See the standard library."""
        self._requests.until_s = time.monotonic() + REQUEST_S
        self._begun = False
        super().handle_one_request()

    def do_GET(self) -> None:
        """Pages, pictures, numbers."""
        self._answer(
            {
                "/": self._page,
                "/live": self._live,
                "/status": self._status,
                "/metrics": self._metrics,
                "/log": self._log,
            }
        )

    def do_POST(self) -> None:
        """Signing in, feedback, switching."""
        self._answer(
            {
                "/login": self._login,
                "/logout": self._logout,
                "/feedback": self._feedback,
                "/mark": self._mark,
                "/switch": self._switch,
            }
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are not logged one by one."""

    def _answer(self, routes: Mapping[str, Callable[[], None]]) -> None:
        try:
            self._sent = self._read_sent()
            self._check_origin()
            path = urlsplit(self.path).path
            if self.command == "GET" and path in _PUBLIC:
                self._send_file(*_PUBLIC[path])
            elif path in routes:
                routes[path]()
            else:
                raise Refusal(HTTPStatus.NOT_FOUND, f"there is no {path[:80]}")
        except Refusal as refusal:
            self._send_json({"error": refusal.words}, refusal.status)
        except MissingLibraryError as error:
            self._send_json({"error": str(error)}, HTTPStatus.NOT_IMPLEMENTED)
        except BelishaError as error:
            self._send_json({"error": str(error)}, HTTPStatus.CONFLICT)
        except OSError:
            raise  # the peer has gone
        except Exception:
            self.close_connection = True
            if not self._begun:
                words = "this failed here; the service's own output says more"
                self._send_json({"error": words}, HTTPStatus.INTERNAL_SERVER_ERROR)
            raise

    def _page(self) -> None:
        if "page" in self._grant().rights:
            self._send_file("index.html", "text/html")
        else:
            self._send_file("login.html", "text/html", HTTPStatus.UNAUTHORIZED)

    def _status(self) -> None:
        grant = self._require("page")
        self._send(self.desk.status_message(float("-inf"), grant)[0], "application/json")

    def _metrics(self) -> None:
        self._require("page")
        self._send(*self.desk.metrics())

    def _live(self) -> None:
        """Pictures and numbers until the viewer goes; the slow get fewer of them.

        Each message is the lengths of a JSON document and of a JPEG, big-endian, and both.
        """
        grant = self._require("page")
        with self.desk.viewer() as admitted:
            if not admitted:
                raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many people look already")
            self._begin_stream("application/octet-stream")
            number, since, told = 0, float("-inf"), float("-inf")
            while not self.desk.closing:
                if self.desk.now_s() - told >= STREAM_S:
                    told = self.desk.now_s()
                    message, since = self.desk.status_message(since, grant)
                    self._chunk(struct.pack(">II", len(message), 0) + message)
                picture = self.desk.live.newer(number, STREAM_S)
                if picture is not None:
                    number = picture.number
                    message, jpeg = self.desk.picture(picture)
                    self._chunk(struct.pack(">II", len(message), len(jpeg)) + message + jpeg)
            self._chunk(b"")

    def _log(self) -> None:
        """The log as lines of JSON, which `belisha log` reads; `?after=N` leaves out the older."""
        grant = self._require("log")
        query = parse_qs(urlsplit(self.path).query)
        after = query.get("after", ["0"])[0]
        if not after.isdecimal() or len(after) > 18:
            raise Refusal(HTTPStatus.BAD_REQUEST, "expected ?after=NUMBER")
        lines = self.desk.log_lines(int(after), grant)
        self._begin_stream(
            "application/x-ndjson", {"Content-Disposition": 'attachment; filename="activity.jsonl"'}
        )
        try:
            for block in lines:
                self._chunk(block)
            self._chunk(b"")
        except LogError:
            self.close_connection = True  # the head is sent: a stream without an end says it

    def _login(self) -> None:
        login = self._body(Login)
        grant = self._known(self.desk.access.of_token(self._peer(), login.token))
        if not grant.rights:
            raise Refusal(HTTPStatus.FORBIDDEN, "nobody has this token")
        secret = self.desk.sign_in(grant, self._peer())
        secure = "; Secure" if self.desk.encrypted else ""
        cookie = f"{COOKIE}={secret}; HttpOnly; SameSite=Strict; Path=/{secure}"
        self._send_json({"who": grant.who}, headers={"Set-Cookie": cookie})

    def _logout(self) -> None:
        self.desk.access.close_session(self._cookie())
        expired = f"{COOKIE}=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/"
        self._send_json({}, headers={"Set-Cookie": expired})

    def _feedback(self) -> None:
        grant = self._require("page")
        self._send_json({"name": self.desk.press(self._body(Press), grant)})

    def _mark(self) -> None:
        self._require("page")
        self._send_json({"marked": self.desk.mark(self._body(Mark))})

    def _switch(self) -> None:
        grant = self._require("switch")
        self._send_json({"said": self.desk.switch(self._body(Switch), grant)})

    def _grant(self) -> Grant:
        """What this request may do: by token, by session, or by where it comes from."""
        access = self.desk.access
        scheme, _, token = self._header("Authorization").partition(" ")
        if scheme.lower() == "bearer":
            return self._known(access.of_token(self._peer(), token.strip()))
        session, here = access.of_session(self._cookie()), access.of_peer(self._peer())
        if not session.by_token:
            return here
        return replace(session, rights=session.rights | here.rights)

    @staticmethod
    def _known(grant: Grant | None) -> Grant:
        if grant is None:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens came from here: wait a minute"
            )
        return grant

    def _require(self, right: Right) -> Grant:
        grant = self._grant()
        if right in grant.rights:
            return grant
        if not grant.by_token:
            advice = "" if self.desk.encrypted else f"; {ADVICE}"
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                f"expected a token with the right {right!r}: sign in, or send 'Authorization: "
                f"Bearer TOKEN'{advice}",
            )
        raise Refusal(HTTPStatus.FORBIDDEN, f"{grant.who} has no right {right!r} here")

    def _peer(self) -> Peer:
        """A proxy on the device lends nobody its place."""
        peer = peer_of(self.connection, self.client_address)
        forwarded = any(name in self.headers for name in ("Forwarded", "X-Forwarded-For", "Via"))
        return Peer("remote", peer.address) if forwarded else peer

    def _cookie(self) -> str:
        try:
            found = http.cookies.SimpleCookie(self._header("Cookie")).get(COOKIE)
        except http.cookies.CookieError:
            return ""
        return found.value if found else ""

    def _check_origin(self) -> None:
        """Refuse what another site makes a browser send, by a name of its own or from its pages."""
        host, origin = self._header("Host"), self._header("Origin")
        name = _host_name(host)
        if not (_is_address(name) or name in self.desk.names or self._through_unix_socket()):
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                f"this page is not known as {name[:80]!r}: add the name to 'names' in its settings",
            )
        # A link may lead here from anywhere; pictures and numbers are for our own page alone.
        embedded = self._header("Sec-Fetch-Site") in ("cross-site", "same-site")
        if (origin and origin.partition("://")[2] != host) or (embedded and self.path != "/"):
            raise Refusal(HTTPStatus.FORBIDDEN, "the request comes from another site's page")

    def _header(self, name: str) -> str:
        return str(self.headers.get(name, ""))

    def _through_unix_socket(self) -> bool:
        return bool(self.connection.family == socket.AF_UNIX)

    def _read_sent(self) -> bytes:
        """What came with the request, wanted or not: the next request begins after it."""
        lengths = self.headers.get_all("Content-Length") or ["0"]
        length = str(lengths[0])
        odd = not length.isdecimal() or len(length) > _MAX_DIGITS or len(lengths) > 1
        if "Transfer-Encoding" in self.headers or odd:
            length = str(MAX_BODY_BYTES + 1)
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {MAX_BODY_BYTES} bytes"
            )
        return self.rfile.read(int(length))

    def _body(self, schema: type[T]) -> T:
        """The request's JSON document."""
        if self.headers.get_content_type() != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
        try:
            return parse_json(self._sent, schema, "the request")
        except ConfigError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error

    def _send_file(self, name: str, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send((_STATIC / name).read_bytes(), f"{kind}; charset=utf-8", status)

    def _send_json(
        self,
        document: Any,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._send(json.dumps(document).encode(), "application/json", status, headers)

    def _send(
        self,
        data: bytes,
        kind: str,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._send_head(kind, status, {"Content-Length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def _begin_stream(self, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self._send_head(kind, HTTPStatus.OK, {"Transfer-Encoding": "chunked", **(headers or {})})

    def _send_head(self, kind: str, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self._begun = True
        self.send_response(status)
        for name, value in {"Content-Type": kind, **_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        """A piece of a stream; an empty one ends it."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def handler_for(desk: Desk) -> type[Handler]:
    """A handler class that serves a desk."""
    return type("DeskHandler", (Handler,), {"desk": desk})


def _host_name(host: str) -> str:
    """The name in a `Host` header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    """An address cannot be turned to another machine by whoever owns a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
