"""What systemd is told: ready, alive, reloading, stopping. A datagram each, without a library."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

_PINGS_PER_TIMEOUT = 4


class Systemd:
    """The service manager; without one, nothing happens.

    A unit wants `Type=notify` and `WatchdogSec=`; `Type=notify-reload` is served as well.

    Args:
        environment: with `NOTIFY_SOCKET` and `WATCHDOG_USEC`, as systemd sets them.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        own = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if own else ""
        timeout_s = int(microseconds) / 1e6 if microseconds.isdecimal() else 0.0
        self._pause_s = timeout_s / _PINGS_PER_TIMEOUT
        self._watched = timeout_s > 0
        self._due_s = 0.0
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def ready(self) -> None:
        """The service serves, or does so again after a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """A reload has begun; ends with `ready`."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """A line for `systemctl status`; what follows a line break would be taken for orders."""
        self._tell(f"STATUS={' '.join(text.split())}")

    def alive(self) -> None:
        """Feed the watchdog: a fresh frame was processed. Without this, systemd restarts us."""
        now = time.monotonic()
        if self._watched and now >= self._due_s:
            self._due_s = now + self._pause_s
            self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Nothing will be told any more."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _tell(self, text: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(text.encode(errors="replace"), self._address)
        except OSError:
            return  # a manager that does not listen has nothing to lose
