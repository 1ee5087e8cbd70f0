"""Sockets of the page: TCP, with TLS if asked, and a Unix socket. They survive anybody."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from belisha.errors import UsageError
from belisha.service.access import Peer, is_loopback

MAX_CONNECTIONS = 16
TIMEOUT_S = 10.0
"""Of a peer that neither reads nor writes."""
_LOOK_S = 0.1
"""After which it is seen at the latest that it is to stop."""
_BUSY_S = 0.05
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)


class PageServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A bounded number of connections, a thread each, each with a time limit.

    Args:
        address: host and port, or the path of a Unix socket.
        handler: class of what answers.
        context: for TLS.

    Raises:
        UsageError: the address cannot be listened on.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(
        self,
        address: tuple[str, int] | Path,
        handler: type[BaseHTTPRequestHandler],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._context = context
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._path = address if isinstance(address, Path) else None
        self.address_family = _family(address)
        try:
            if self._path is not None:
                _remove_stale(self._path)
            super().__init__(
                str(address) if self._path is not None else address,  # type: ignore[arg-type]
                handler,
            )
            if self._path is not None:
                self._path.chmod(0o666)  # whoever comes is asked for the groups they are in
        except OSError as error:
            shown = address if self._path is not None else f"{address[0]}:{address[1]}"  # type: ignore[index]
            raise UsageError(
                f"the page cannot listen on {shown}: {error.strerror}: is another one running?"
            ) from error
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_LOOK_S,), name="page", daemon=True
        )

    def start(self) -> None:
        """Serve in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; connections that are open end with the process or by themselves."""
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @property
    def port(self) -> int:
        """Of TCP; 0 for a Unix socket."""
        return 0 if self._path is not None else int(self.socket.getsockname()[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """See the standard library; one connection too many is told so and closed."""
        if not self._places.acquire(blocking=False):
            with suppress(OSError):
                request.settimeout(_BUSY_S)
                request.sendall(_BUSY)
                request.recv(65536)  # closing with something unread would take the answer back
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread can be started: the place is free again
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """See the standard library; the handshake of TLS takes place here, where it may wait."""
        try:
            request.settimeout(TIMEOUT_S)
            if self._context is not None:
                request = self._context.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that has gone is no news; a bug of ours is."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)


def peer_of(connection: socket.socket, client_address: Any) -> Peer:
    """Who is at the other end."""
    if connection.family == socket.AF_UNIX:
        size = struct.calcsize("3i")
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        _, uid, gid = struct.unpack("3i", found)
        return Peer("unix", f"user {uid}", uid, gid)
    address = str(client_address[0])
    return Peer("loopback" if is_loopback(address) else "remote", address)


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """A context for a server.

    Raises:
        UsageError: the files are not a certificate and its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"expected a certificate and its key as PEM files in {certificate} and {key}: {error}"
        ) from error
    return context


def _family(address: tuple[str, int] | Path) -> socket.AddressFamily:
    if isinstance(address, Path):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def _remove_stale(path: Path) -> None:
    """Remove the socket of a process that was killed; one that still listens stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_socket():
        return
    probe = socket.socket(socket.AF_UNIX)
    try:
        probe.connect(os.fspath(path))
    except ConnectionRefusedError:
        path.unlink()
    finally:
        probe.close()
