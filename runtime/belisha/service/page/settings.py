"""How the page is served."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from belisha.service.access import AccessSettings, is_loopback
from belisha.service.page.feedback import LIMIT_BYTES

PORT = 8090


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """How the page is served.

    Attributes:
        listen: address and port; port 0 takes a free one. Off the loopback everybody needs a token.
        socket: path of a Unix socket to listen on as well; whoever comes through it is known by
            the groups of the system.
        names: host names under which the page is reached, besides addresses and this host's own.
        tls_certificate, tls_key: PEM files; both or none.
        rate_hz: pictures a second, while somebody looks; each costs the loop a copy of the frame.
        feedback_bytes: how much room frames that people marked may take.
        access: who may do what.
    """

    listen: str = f"127.0.0.1:{PORT}"
    socket: str | None = None
    names: tuple[str, ...] = ()
    tls_certificate: str | None = None
    tls_key: str | None = None
    rate_hz: float = 5.0
    feedback_bytes: int = LIMIT_BYTES
    access: AccessSettings = field(default_factory=AccessSettings)

    def __post_init__(self) -> None:
        _, port = self.address
        if not 0 <= port <= 65535:
            raise ValueError(f"expected a port from 0 to 65535, got {port}")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("expected tls_certificate and tls_key, got one of them")
        if not 0.2 <= self.rate_hz <= 30:
            raise ValueError(f"expected a rate_hz from 0.2 to 30, got {self.rate_hz:g}")
        if self.feedback_bytes < 0:
            raise ValueError("expected feedback_bytes of 0 or more")

    @property
    def address(self) -> tuple[str, int]:
        """Address and port."""
        found = re.fullmatch(r"\[?([0-9a-fA-F.:]+)\]?:(\d{1,5})", self.listen)
        try:
            if found is None:
                raise ValueError
            return str(ipaddress.ip_address(found[1])), int(found[2])
        except ValueError as error:
            raise ValueError(
                f"expected listen such as 127.0.0.1:{PORT}, 0.0.0.0:{PORT} or [::]:{PORT}, "
                f"got {self.listen!r}"
            ) from error

    @property
    def local(self) -> bool:
        """Whether nobody can connect from off the device."""
        return is_loopback(self.address[0])
