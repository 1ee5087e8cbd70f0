"""Decisions on a CAN bus, through Linux's SocketCAN: one frame about the picture, one a person.

Identifiers are `id` and those after it; numbers are unsigned, little-endian.

    id          0  counter of decisions, modulo 256
                1  people that count
                2  flags: 1 late, 2 the camera is in trouble
                3  reserved, 0
                4  age of the decision in 0.1 ms (2 bytes), 65535 if more
                6  nearest distance in dm (2 bytes), 65535 if unknown
    id + 1 + n  0  counter of decisions, modulo 256
                1  number of the person, modulo 256
                2  x of the middle of the feet, 0 to 255 across the picture
                3  y of the feet, 0 to 255 down the picture
                4  height, 0 to 255 of the picture's height
                5  score, 0 to 255
                6  distance in dm (2 bytes), 65535 if unknown
"""

from __future__ import annotations

import errno
import math
import socket
import struct
import time

from belisha.service.results import Result

UNKNOWN = 0xFFFF
_LATE, _TROUBLE = 1, 2
_FRAME = struct.Struct("<IB3x8s")
_PICTURE, _PERSON = struct.Struct("<BBBxHH"), struct.Struct("<BBBBBBH")
_AGAIN_S = 1.0


def can_frames(result: Result, most: int) -> list[bytes]:
    """The payloads of a decision, 8 bytes each; the nearest in the picture first.

    Args:
        result: a decision.
        most: people that are told at most.
    """
    height, width = result.frame.image_bgr.shape[:2]
    counter = result.number % 256
    rows = _rows(result)
    nearest = min((row[6] for row in rows), default=UNKNOWN)
    flags = _LATE if result.late else 0
    age = min(max(round(result.age_ms * 10), 0), UNKNOWN)
    frames = [_PICTURE.pack(counter, min(len(rows), 255), flags, age, nearest)]
    for left, top, right, bottom, score, one, distance in rows[:most]:
        frames.append(
            _PERSON.pack(
                counter,
                one % 256,
                _byte((left + right) / 2 / width),
                _byte(bottom / height),
                _byte((bottom - top) / height),
                _byte(score),
                distance,
            )
        )
    return frames


def trouble_frame(counter: int) -> bytes:
    """The payload that says that there are no decisions, because the camera is in trouble."""
    return _PICTURE.pack(counter % 256, 0, _TROUBLE, UNKNOWN, UNKNOWN)


def _rows(result: Result) -> list[tuple[float, float, float, float, float, int, int]]:
    """left, top, right, bottom, score, number, distance of people found, the lowest feet first."""
    boxes, seen = result.boxes, result.seen
    count = len(boxes)
    numbers = seen.tracks.ids[:count].tolist() if seen.tracks is not None else range(count)
    far = (
        seen.distances.metres[:count].tolist() if seen.distances is not None else [math.inf] * count
    )
    rows = [
        (*box, score, number, _decimetres(metres))
        for box, score, number, metres in zip(
            boxes.xyxy.tolist(), boxes.scores.tolist(), numbers, far, strict=True
        )
    ]
    return sorted(rows, key=lambda row: -row[3])


def _decimetres(metres: float) -> int:
    return min(round(metres * 10), UNKNOWN - 1) if math.isfinite(metres) else UNKNOWN


def _byte(share: float) -> int:
    return min(max(round(share * 255), 0), 255)


class CanOutlet:
    """Sends decisions to a CAN interface; while that is down, they are given up and counted.

    Args:
        interface: such as `can0`.
        identifier: of the first frame.
        most: people that are told at most.
    """

    def __init__(self, interface: str, identifier: int, most: int) -> None:
        self.name, self.dropped, self.sent = f"can {interface}", 0, 0
        self._interface, self._identifier, self._most = interface, identifier, most
        self._socket: socket.socket | None = None
        self._again_s = 0.0
        self._counter = 0

    def write(self, result: Result) -> None:
        """Send a decision."""
        self._counter = result.number
        self._send(can_frames(result, self._most))

    def trouble(self) -> None:
        """Say that there is no picture."""
        self._counter += 1
        self._send([trouble_frame(self._counter)])

    def close(self) -> None:
        """Nothing more is sent."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _send(self, payloads: list[bytes]) -> None:
        try:
            bus = self._bus()
            for offset, payload in enumerate(payloads):
                bus.send(_FRAME.pack(self._identifier + offset, len(payload), payload))
            self.sent += 1
        except OSError as error:
            self.dropped += 1
            if error.errno not in (errno.ENOBUFS, errno.EAGAIN):  # a full bus is still a bus
                self.close()

    def _bus(self) -> socket.socket:
        """The open bus; a bus that is not there is asked for once a second only."""
        if self._socket is None:
            now = time.monotonic()
            if now < self._again_s:
                raise OSError("the interface is not there")
            self._again_s = now + _AGAIN_S
            bus = socket.socket(
                socket.AF_CAN, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.CAN_RAW
            )
            try:
                bus.setblocking(False)
                bus.bind((self._interface,))
            except OSError:
                bus.close()
                raise
            self._socket = bus
        return self._socket
