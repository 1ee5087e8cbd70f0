"""Datagrams to UDP and Unix sockets: sent at once or given up, as nobody may be there."""

from __future__ import annotations

import ipaddress
import re
import socket

from belisha.errors import ConfigError


class DatagramOutlet:
    """Sends each message to one address.

    Args:
        name: for people.
        family: of the address.
        address: as the socket takes it.
    """

    def __init__(
        self, name: str, family: socket.AddressFamily, address: str | tuple[str, int]
    ) -> None:
        self.name, self.dropped, self.sent = name, 0, 0
        self._address = address
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def send(self, message: bytes) -> None:
        """Send a message; one that cannot leave now is given up and counted."""
        try:
            self._socket.sendto(message, self._address)
            self.sent += 1
        except OSError:
            self.dropped += 1

    def close(self) -> None:
        """Nothing more is sent."""
        self._socket.close()


def udp_outlet(address: str) -> DatagramOutlet:
    """An outlet to `127.0.0.1:9000` or `[::1]:9000`.

    Raises:
        ConfigError: that is no address and port.
    """
    found = re.fullmatch(r"\[?([0-9a-fA-F.:]+)\]?:(\d{1,5})", address)
    try:
        if found is None or not 0 < int(found[2]) < 65536:
            raise ValueError
        host = ipaddress.ip_address(found[1])
    except ValueError as error:
        raise ConfigError(
            f"sinks: expected a udp address such as 127.0.0.1:9000, got {address!r}"
        ) from error
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    return DatagramOutlet(f"udp {address}", family, (str(host), int(found[2])))


def unix_outlet(path: str) -> DatagramOutlet:
    """An outlet to the datagram socket that a reader has bound at a path."""
    return DatagramOutlet(f"unix {path}", socket.AF_UNIX, path)
