"""All outlets of a service as one sink; see `belisha.service.sinks.Sink`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from belisha.service.closing import close_within
from belisha.service.outlets.can import CanOutlet
from belisha.service.outlets.datagrams import udp_outlet, unix_outlet
from belisha.service.outlets.lines import FileTarget, LineOutlet, StreamTarget
from belisha.service.outlets.messages import decision_message, state_message
from belisha.service.results import Result
from belisha.service.telling import Say

_CLOSE_S = 0.3
"""For lines that wait; whoever does not take them by then has lost them."""


@dataclass(frozen=True, kw_only=True)
class FileSettings:
    """A file of JSON lines.

    Attributes:
        path: of the file.
        limit_mb: when it is begun anew; the one before is kept.
    """

    path: str
    limit_mb: float = 100.0


@dataclass(frozen=True, kw_only=True)
class CanSettings:
    """A CAN bus.

    Attributes:
        interface: such as `can0`; set up by the system.
        id: identifier of the first frame, of 11 bits.
        people: the most that are told, each with an identifier of its own.
    """

    interface: str
    id: int = 0x300
    people: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.people <= 32:
            raise ValueError(f"can: expected 0 to 32 people, got {self.people}")
        if not 0 <= self.id <= 0x7FF - self.people:
            raise ValueError(f"can: expected an id from 0 to {0x7FF - self.people}, got {self.id}")


@dataclass(frozen=True, kw_only=True)
class OutletSettings:
    """Where decisions go.

    Attributes:
        stdout: JSON lines to the standard output.
        file: JSON lines into a file.
        udp: addresses such as `127.0.0.1:9000`; a datagram each message.
        unix: paths at which readers bind datagram sockets.
        can: a CAN bus.
    """

    stdout: bool = False
    file: FileSettings | None = None
    udp: tuple[str, ...] = ()
    unix: tuple[str, ...] = ()
    can: CanSettings | None = None


class Outlet(Protocol):
    """Takes messages and never waits.

    Attributes:
        name: for people.
        sent, dropped: messages that left, and that were given up.
    """

    name: str
    sent: int
    dropped: int

    def send(self, message: bytes) -> None:
        """Take a line of JSON."""
        ...

    def close(self) -> None:
        """Send no more."""
        ...


class Outlets:
    """Tells every outlet; a message is made once for all of them.

    Args:
        device: name of the device, in every message.
        outlets: that take JSON.
        can: the bus, if there is one.
    """

    def __init__(
        self, device: str, outlets: Sequence[Outlet], can: CanOutlet | None = None
    ) -> None:
        self._device, self._outlets, self._can = device, tuple(outlets), can

    def write(self, result: Result) -> None:
        """See `Sink.write`."""
        if self._outlets:
            message = decision_message(result, self._device)
            for outlet in self._outlets:
                outlet.send(message)
        if self._can is not None:
            self._can.write(result)

    def tell_state(self, state: Mapping[str, Any], *, trouble: bool) -> None:
        """Tell the state of the service, about once a second.

        Args:
            state: plain values by name.
            trouble: whether there are no decisions because the camera is in trouble.
        """
        message = state_message(state, self._device)
        for outlet in self._outlets:
            outlet.send(message)
        if trouble and self._can is not None:
            self._can.trouble()

    @property
    def dropped(self) -> dict[str, int]:
        """Name -> messages that were given up."""
        all_of_them = (*self._outlets, *([self._can] if self._can else ()))
        return {outlet.name: outlet.dropped for outlet in all_of_them}

    def close(self) -> None:
        """See `Sink.close`."""
        outlets = {f"outlet {one.name}": one.close for one in self._outlets}
        close_within(_CLOSE_S, outlets)
        if self._can is not None:
            self._can.close()


def open_outlets(settings: OutletSettings, device: str, folder: Path, say: Say) -> Outlets:
    """The outlets that a configuration asks for.

    Raises:
        ConfigError: an address is none.
    """
    outlets: list[Outlet] = [udp_outlet(address) for address in settings.udp]
    outlets += [unix_outlet(str(folder / path)) for path in settings.unix]
    if settings.stdout:
        outlets.append(LineOutlet("stdout", StreamTarget(sys.stdout.fileno()), say))
    if settings.file is not None:
        path = folder / settings.file.path
        target = FileTarget(path, round(settings.file.limit_mb * 1e6))
        outlets.append(LineOutlet(f"file {path}", target, say))
    can = settings.can
    bus = CanOutlet(can.interface, can.id, can.people) if can else None
    return Outlets(device, outlets, bus)
