"""What rules may ask about, gathered: from the configuration, the clock, the picture, and the car.

The car, or whatever reads its bus, sends what it knows to a Unix datagram socket as JSON:

    {"speed_kmh": 31.5, "region": "DE-BY"}

A value counts until `expire_s` after it came; a car that falls silent is no car that stands still.
"""

from __future__ import annotations

import dataclasses
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from belisha.documents import load_json
from belisha.errors import ConfigError, UsageError
from belisha.frames import Image
from belisha.service.health import HealthState
from belisha.service.rules.signals import Light, Signals, day_and_time, parse_signals
from belisha.service.telling import Say

MAX_BYTES = 4096
_MOST_AT_ONCE = 32
_FROM_OUTSIDE = ("light", "speed_kmh", "region", "customer")
_DUSK, _NIGHT, _MARGIN = 70.0, 35.0, 6.0
"""Mean brightness of a picture, of 255, under which it is dusk or night; and the hysteresis."""
_SMOOTHED = 0.2


@dataclass(frozen=True, kw_only=True)
class SignalSettings:
    """Where signals come from.

    Attributes:
        customer, region: of this car.
        listen: path of a Unix datagram socket for what the car knows.
        expire_s: how long a value from there counts.
        light_from_picture: whether the picture's brightness stands for the light. Cameras lighten
            the dark, so the thresholds are rough; whatever the car sends goes before it.
    """

    customer: str | None = None
    region: str | None = None
    listen: str | None = None
    expire_s: float = 5.0
    light_from_picture: bool = True


class CarSignals:
    """Gathers signals; one thread uses it.

    Args:
        settings: where they come from.
        folder: where a relative path of the socket begins.
        say: is told of what cannot be understood.

    Raises:
        UsageError: the socket cannot be bound.
    """

    def __init__(self, settings: SignalSettings, folder: Path, say: Say) -> None:
        self._settings, self._say = settings, say
        self._heard: dict[str, tuple[float, Any]] = {}
        self._level: float | None = None
        self._light: Light | None = None
        self._complained = False
        self._path = folder / settings.listen if settings.listen else None
        self._socket = _bound(self._path) if self._path else None
        self._inode = self._path.stat().st_ino if self._path else 0

    def gather(self, health: HealthState, missed_share: float) -> Signals:
        """All that is known now.

        Args:
            health: of the machine.
            missed_share: share of decisions that came too late, in the last seconds.
        """
        self._listen()
        now = time.monotonic()
        settings = self._settings
        heard = {
            name: value
            for name, (moment, value) in self._heard.items()
            if now - moment <= settings.expire_s
        }
        day, minutes = day_and_time(datetime.now())
        known = Signals(
            light=self._light,
            temperature_c=health.hottest_c,
            throttled=health.throttling > 0 if health.throttling == health.throttling else None,
            missed_share=missed_share,
            memory_free_mb=health.memory_free_mb,
            region=settings.region,
            customer=settings.customer,
            day=day,
            time=minutes,
        )
        return dataclasses.replace(known, **heard)

    def look(self, image_bgr: Image) -> None:
        """Judge the light by a picture; now and then is enough."""
        if not self._settings.light_from_picture:
            return
        level = float(image_bgr[::16, ::16].mean())
        before = self._level
        self._level = level if before is None else before + _SMOOTHED * (level - before)
        self._light = _light(self._level, self._light)

    def close(self) -> None:
        """Listen no more; a successor may have taken the path already."""
        if self._socket is not None and self._path is not None:
            self._socket.close()
            with suppress(OSError):
                if self._path.stat().st_ino == self._inode:
                    self._path.unlink()
        self._socket = None

    def _listen(self) -> None:
        """Take what has come."""
        if self._socket is None:
            return
        with suppress(BlockingIOError):
            for _ in range(_MOST_AT_ONCE):
                self._take(self._socket.recv(MAX_BYTES))

    def _take(self, message: bytes) -> None:
        try:
            values = _values(load_json(message, "signals"))
        except (ConfigError, UsageError) as error:
            if not self._complained:
                self._complained = True
                self._say("signals", f"a message was not understood: {error}", "warning")
            return
        now = time.monotonic()
        self._heard.update({name: (now, value) for name, value in values.items()})


def _values(document: Any) -> dict[str, Any]:
    """Signals of a message."""
    if not isinstance(document, dict) or not document.keys() <= set(_FROM_OUTSIDE):
        raise UsageError(f"expected an object with some of {', '.join(_FROM_OUTSIDE)}")
    parsed = parse_signals({name: str(value) for name, value in document.items()})
    return {name: getattr(parsed, name) for name in document}


def _light(level: float, before: Light | None) -> Light:
    """Day, dusk or night; what was before keeps a margin."""
    dusk = _DUSK + (0 if before is None else -_MARGIN if before == "day" else _MARGIN)
    night = _NIGHT + (0 if before is None else _MARGIN if before == "night" else -_MARGIN)
    if level < night:
        return "night"
    return "dusk" if level < dusk else "day"


def _bound(path: Path) -> socket.socket:
    """The socket; one that a dead process left behind is replaced, another file is not."""
    if path.exists() and not path.is_socket():
        raise UsageError(f"signals: {path} is there and no socket: name another path to listen on")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise UsageError(f"signals: {path} cannot be listened on: {error.strerror}") from error
    listening.setblocking(False)
    return listening
